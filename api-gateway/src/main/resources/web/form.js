// The form: what to make, and how.

import { $, ask, extentOf, h, send } from "./api.js";

const form = $("wish");
const made = { video: "Video", image: "Image", points: "Point cloud" };
const examples = {
  video: ["a whale moves left over blue", "a frog spins over yellow", "a rocket moves up over black", "a penguin moves right over red"],
  image: ["a snail on a blue background", "a red apple", "a penguin over yellow", "an owl on a green background"],
  points: ["a pine tree", "a red crystal", "a wooden chair", "a golden sword", "a snowy house"],
};

export let models = [];

export const chosen = () => models.find(model => model.name === form.elements.model?.value);

const fill = (select, options) =>
  select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));

export async function loadModels() {
  const farm = await ask("v1/models");
  const order = Object.keys(made);
  models = farm.models
    .filter(model => model.standing !== "gone")
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const alone = model => models.filter(other => other.kind === model.kind).length === 1;
  $("models").replaceChildren(...models.map((model, i) =>
    h("label", { title: model.summary },
      h("input", { type: "radio", name: "model", value: model.name, checked: i === 0, onchange: choose }),
      alone(model) ? made[model.kind] : `${made[model.kind]}: ${model.name}`)));
  fill(form.elements.sampler, [["", "auto"], ...farm.samplers.map(name => [name, name])]);
  if (models.length) choose();
  else refuse({ detail: "No model is available yet. Reload this page when the workers have started." });
}

const ideas = model => (model.inputs.includes("prompt") ? examples[model.kind] : []);

/** Fits the options to the chosen model. */
function choose() {
  const model = chosen();
  form.elements.prompt.placeholder = ideas(model)[0] ?? "a name for the job: this model reads no prompt";
  suggest();
  $("summary").textContent = model.summary ?? "";
  fill(form.elements.extent, model.levels.map((level, i) => [i, extentOf(level.extent)]).reverse());
  fill(form.elements.format, model.formats.map(format => [format, format.toUpperCase()]));
  $("enlarge").hidden = model.kind === "points";
  fill(form.elements.enlarge, [["", "no"], ...[2, 4, 8].map(times => [times, `${times} times`])]);
  const base = model.levels[0];
  const fast = model.levels.some(level => level.fastSteps);
  fill(form.elements.quality, [["", "full"], ...(fast ? [["fast", "fast: fewer steps"]] : [])]);
  form.elements.steps.placeholder = base.steps;
  fill($("steps-auto"), model.levels.some(level => level.tolerance) ? [["auto", ""]] : []);
  form.elements.guidance.placeholder = base.guidance;
  form.elements.sampler.options[0].text = `auto: ${base.sampler}`;
  const words = model.vocabulary?.words ?? [];
  $("words").hidden = words.length === 0;
  $("vocabulary").replaceChildren(...words.map(word =>
    h("button", { type: "button", onclick: () => add(word) }, word)));
  const loras = model.loras ?? [];
  $("loras").hidden = loras.length === 0;
  $("loras").replaceChildren(...loras.map(lora =>
    h("span", {},
      h("label", {}, h("input", { type: "checkbox", name: "lora", value: lora.name }), ` ${lora.name}`),
      h("input", { type: "number", name: "lora-weight", value: 1, step: 0.1, "aria-label": `weight of ${lora.name}` }))));
  $("loras").prepend(...(loras.length ? [h("legend", {}, "LoRAs that change the model, and how strongly")] : []));
  const takes = name => model.inputs?.includes(name);
  $("begin").hidden = !takes("input_image") && !takes("input_video");
  fields("begin").accept = [takes("input_image") && "image/png,image/jpeg", takes("input_video") && "video/mp4,video/webm,image/gif"].filter(Boolean).join();
  fields("begin").value = "";
  // A picture that becomes the first frame of a video is not changed.
  $("strength").hidden = $("begin").hidden || (model.kind === "video" && !takes("input_video"));
  kept = {};
  $("begin-kept").textContent = "";
}

/** What a job that is made again began with, by the names that the farm gave it. */
let kept = {};

const fields = name => form.elements[name];

/** Sends the chosen file, and returns how the wish names it. */
async function beginning() {
  const [file] = fields("begin").files;
  if (!file || $("begin").hidden) return kept;
  const clip = /^video\/|gif$/.test(file.type);
  const answer = await ask(clip ? "v1/clips" : "v1/images", { method: "POST", headers: { "Content-Type": file.type }, body: file });
  return clip ? { input_video: answer.video } : { input_image: answer.image };
}

/** Offers words of the model that end what is being typed, else whole prompts. */
function suggest() {
  const model = chosen();
  const words = model?.vocabulary?.words ?? [];
  const prompt = form.elements.prompt.value;
  const begun = /\p{L}+$/u.exec(prompt)?.[0].toLowerCase();
  const ends = begun && !words.includes(begun) ? words.filter(word => word.startsWith(begun)).slice(0, 8) : [];
  const wholes = model ? ideas(model) : [];
  const chip = (text, value) =>
    h("button", {
      type: "button",
      onclick: () => {
        form.elements.prompt.value = value;
        form.elements.prompt.focus();
        suggest();
      },
    }, text);
  $("ideas").replaceChildren(...(ends.length
    ? ends.map(word => chip(word, `${prompt.slice(0, prompt.length - begun.length)}${word} `))
    : wholes.map(text => chip(text, text))));
}

function add(word) {
  const { prompt } = form.elements;
  prompt.value = `${prompt.value.trimEnd()} ${word}`.trimStart();
  prompt.focus();
}

/** Shows a problem and marks the field at fault; without a problem, clears both. */
export function refuse(problem) {
  const field = { frames: "extent", size: "extent", points: "extent" }[problem?.field] ?? problem?.field;
  for (const element of form.elements) {
    if (element.name) element.setAttribute("aria-invalid", String(element.name === field));
  }
  const control = field && form.elements[field];
  if (control instanceof HTMLElement) {
    const folded = control.closest("details");
    if (folded) folded.open = true;
    control.focus();
  }
  $("refusal").hidden = !problem;
  if (problem) {
    $("refusal").textContent = problem.field ? `${problem.field}: ${problem.detail}` : problem.detail;
  }
}

/** What the form asks for, as the body of a job. */
function wished() {
  const fields = form.elements;
  const model = chosen();
  const wish = { kind: model?.kind, model: model?.name, prompt: fields.prompt.value };
  const top = model?.levels[fields.extent.value];
  if (top && top !== model.levels.at(-1)) {
    const { points, frames, width } = top.extent;
    Object.assign(wish, points ? { points } : { frames, size: width });
  }
  for (const name of ["format", "sampler", "quality", "class"]) wish[name] = fields[name].value || undefined;
  wish.enlarge = Number(fields.enlarge.value) || undefined;
  for (const name of ["seed", "steps", "guidance", ...($("strength").hidden ? [] : ["strength"])]) {
    const text = fields[name].value.trim();
    // Text that is not a number is sent unchanged: the farm's refusal says what is allowed.
    if (text) wish[name] = Number.isFinite(Number(text)) ? Number(text) : text;
  }
  if (fields.deadline.value) wish.deadline = new Date(fields.deadline.value).toISOString();
  const loras = [...form.querySelectorAll("[name=lora]:checked")].map(box =>
    ({ name: box.value, weight: Number(box.closest("span").querySelector("[type=number]").value) }));
  if (loras.length) wish.loras = loras;
  return wish;
}

/** Fills the form with what a job was made from. */
export function recall(job) {
  const fields = form.elements;
  const radio = [...form.querySelectorAll("[name=model]")].find(one => one.value === job.model);
  if (!radio) return refuse({ detail: `This farm no longer has the model ${job.model}.` });
  radio.checked = true;
  choose();
  fields.prompt.value = job.prompt;
  kept = Object.fromEntries(["input_image", "input_video"].filter(name => job[name]).map(name => [name, job[name]]));
  if (Object.keys(kept).length) $("begin-kept").textContent = "It begins with the same file again, unless you choose another.";
  for (const { name, weight } of job.loras ?? []) {
    const box = [...form.querySelectorAll("[name=lora]")].find(one => one.value === name);
    if (!box) continue;
    box.checked = true;
    box.closest("span").querySelector("[type=number]").value = weight;
  }
  for (const name of ["strength", "seed", "steps", "guidance", "sampler", "quality", "format", "enlarge"]) {
    fields[name].value = job[name] ?? "";
  }
  const level = chosen().levels.findIndex(({ extent }) =>
    job.points ? extent.points === job.points : job.frames || job.width
      ? (!job.frames || extent.frames === job.frames) && (!job.width || extent.width === job.width) : false);
  fields.extent.value = level >= 0 ? level : chosen().levels.length - 1;
  $("options").open = true;
  refuse(null);
  form.scrollIntoView({ block: "start" });
  fields.prompt.focus();
  return undefined;
}

/** Says on the button how many drafts it makes. */
function name() {
  $("drafts").textContent = `${form.elements.count.value} drafts`;
}

/** @param opened called with the job that was accepted */
export function listen(opened) {
  const submit = async more => {
    const buttons = [form.querySelector("[type=submit]"), $("drafts")];
    for (const button of buttons) button.disabled = true;
    try {
      refuse(null);
      opened(await send("POST", "v1/jobs", { ...wished(), ...await beginning(), ...more }));
    } catch (problem) {
      refuse(problem);
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  };
  form.addEventListener("submit", event => {
    event.preventDefault();
    submit({});
  });
  form.elements.prompt.addEventListener("input", suggest);
  $("drafts").addEventListener("click", () => submit({ drafts: Number(form.elements.count.value) }));
  form.elements.count.addEventListener("change", name);
  form.elements.prompt.addEventListener("keydown", event => {
    // During input method composition Enter accepts a candidate; in Safari only keyCode 229 shows that.
    const composes = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !composes) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}
