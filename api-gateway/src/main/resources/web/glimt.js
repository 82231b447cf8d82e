// The page's script: submits jobs, watches them and shows their results.

import { Clip, Cloud, readPoints, readPreview } from "./stage.js";

const $ = id => document.getElementById(id);
const form = $("wish");
let models = [];
let shown; // the Job that the page shows

/** Makes an element with attributes, listeners (on…) and children. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child != null));
  return element;
}

/** Resolves a link of the API relative to this page, which a proxy may serve below a path. */
const here = link => new URL(link.slice(link.lastIndexOf("/v1/") + 1), document.baseURI);

/** Calls the API; throws problem details if it fails. */
async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw { detail: "The farm does not answer. Is it running?" };
  }
  const body = await response.json().catch(() => ({ detail: `The farm answered with status ${response.status}.` }));
  if (!response.ok) throw body;
  return body;
}

// ---- the form

const chosen = () => models.find(model => model.name === form.elements.model?.value);

const extentOf = ({ extent }) => extent.points
  ? `${extent.points.toLocaleString("en")} points`
  : `${extent.width} × ${extent.height}, ${extent.frames} frames`;

const fill = (select, options) =>
  select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));

async function loadModels() {
  const farm = await ask("v1/models");
  models = farm.models
    .filter(model => model.standing !== "gone")
    .sort((a, b) => (a.kind < b.kind ? 1 : a.kind > b.kind ? -1 : 0));
  const made = { video: "Video", points: "Point cloud" };
  const alone = model => models.filter(other => other.kind === model.kind).length === 1;
  $("models").replaceChildren(...models.map((model, i) =>
    h("label", { title: model.summary },
      h("input", { type: "radio", name: "model", value: model.name, checked: i === 0, onchange: choose }),
      alone(model) ? made[model.kind] : `${made[model.kind]}: ${model.name}`)));
  fill(form.elements.sampler, [["", "auto"], ...farm.samplers.map(name => [name, name])]);
  if (models.length) choose();
  else refuse({ detail: "No model is available yet. Reload this page when the workers have started." });
}

function choose() {
  const model = chosen();
  form.elements.prompt.placeholder =
    model.kind === "video" ? "a whale moves left over blue" : "a pine tree";
  const sizes = model.levels.map((level, i) => [i, extentOf(level)]).reverse();
  fill(form.elements.extent, sizes);
  fill(form.elements.format, model.formats.map(format => [format, format.toUpperCase()]));
  $("enlarge").hidden = model.kind !== "video";
  fill(form.elements.enlarge, [["", "no"], ...[2, 4, 8].map(times => [times, `${times} times`])]);
  const base = model.levels[0];
  const fast = model.levels.some(level => level.fastSteps);
  fill(form.elements.quality, [["", "full"], ...(fast ? [["fast", "fast: fewer steps"]] : [])]);
  form.elements.steps.placeholder = base.steps;
  form.elements.guidance.placeholder = base.guidance;
  form.elements.sampler.options[0].text = `auto: ${base.sampler}`;
  $("vocabulary").replaceChildren(...model.vocabulary.words.map(word =>
    h("button", { type: "button", onclick: () => add(word) }, word)));
}

function add(word) {
  const prompt = form.elements.prompt;
  prompt.value = `${prompt.value.trimEnd()} ${word}`.trimStart();
  prompt.focus();
}

/** Shows a problem and marks the field at fault; without a problem, clears both. */
function refuse(problem) {
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

form.addEventListener("submit", async event => {
  event.preventDefault();
  const model = chosen();
  const wish = { kind: model?.kind, model: model?.name, prompt: form.elements.prompt.value };
  const top = model?.levels[form.elements.extent.value];
  if (top && top !== model.levels.at(-1)) {
    const { points, frames, width } = top.extent;
    Object.assign(wish, points ? { points } : { frames, size: width });
  }
  wish.format = form.elements.format.value || undefined;
  wish.sampler = form.elements.sampler.value || undefined;
  wish.quality = form.elements.quality.value || undefined;
  wish.enlarge = Number(form.elements.enlarge.value) || undefined;
  for (const name of ["seed", "steps", "guidance"]) {
    const text = form.elements[name].value.trim();
    // Text that is not a number is sent unchanged: the farm's refusal says what is allowed.
    if (text) wish[name] = Number.isFinite(Number(text)) ? Number(text) : text;
  }
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    refuse(null);
    const job = await ask("v1/jobs", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wish),
    });
    location.hash = job.id;
    listRecent();
  } catch (problem) {
    refuse(problem);
  } finally {
    button.disabled = false;
  }
});

form.elements.prompt.addEventListener("keydown", event => {
  // During input method composition Enter accepts a candidate; in Safari only keyCode 229 shows that.
  const composes = event.isComposing || event.keyCode === 229;
  if (event.key === "Enter" && !event.shiftKey && !composes) {
    event.preventDefault();
    form.requestSubmit();
  }
});

// ---- one job

const words = {
  queued: "waiting for a worker",
  running: "running",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** Shows a job and follows it until it ends or another job is shown. */
class Job {
  constructor(view) {
    this.view = view;
    this.seq = 0;
    this.model = models.find(model => model.card === view.card)
      ?? models.find(model => model.name === view.model);
    this.element = h("div", { class: "job" });
    this.stage = h("div", { class: "stage" });
    this.head = h("div", { class: "head" });
    this.notes = h("div");
    this.levels = h("ol", { class: "levels" });
    this.element.append(this.head, this.notes, h("div", { class: "show" }, this.stage, this.levels));
    this.live = view.kind === "video"
      ? new Clip(this.extents().map(level => ({ name: level.name, ...level.extent })), this.model?.fps)
      : new Cloud();
    this.render();
    this.showBest();
    this.watch();
  }

  extents() {
    const names = this.view.levels.map(level => level.name);
    return (this.model?.levels ?? []).filter(level => names.includes(level.name));
  }

  get ended() {
    return ["succeeded", "failed", "cancelled"].includes(this.view.state);
  }

  // -- live

  watch() {
    const events = here(this.view.links.events);
    events.protocol = events.protocol.replace("http", "ws");
    events.searchParams.set("after", this.seq);
    this.socket = new WebSocket(events);
    this.socket.binaryType = "arraybuffer";
    let preview;
    this.socket.onopen = () => this.say(null);
    this.socket.onmessage = ({ data }) => {
      if (typeof data !== "string") return this.preview(preview, data);
      const event = JSON.parse(data);
      if (event.seq) this.seq = event.seq;
      if (event.type === "preview") preview = event;
      else if (event.type === "progress") this.progress(event);
      else this.refresh();
    };
    this.socket.onclose = () => {
      if (this.left || this.ended) return;
      this.patience = Math.min(10, (this.patience ?? 0.5) * 2);
      setTimeout(() => this.again(), this.patience * 1000);
    };
  }

  async again() {
    if (this.left) return;
    await this.refresh();
    if (this.ended) return;
    this.watch();
  }

  leave() {
    this.left = true;
    this.socket.close();
  }

  async refresh() {
    try {
      const before = this.finished()?.name;
      const view = await ask(here(this.view.links.self));
      if (this.left) return;
      this.view = view;
      this.patience = undefined;
      this.say(null);
      if (this.finished()?.name !== before || this.ended) this.showBest();
      this.render();
      if (this.ended) listRecent();
    } catch (problem) {
      this.say(problem.detail);
    }
  }

  task({ level, ordinal }) {
    return this.view.levels.find(one => one.name === level)?.tasks.find(task => task.ordinal === ordinal);
  }

  progress(event) {
    const task = this.task(event);
    if (!task) return;
    Object.assign(task, { step: event.step, state: task.state === "succeeded" ? "succeeded" : "running" });
    const level = this.view.levels.find(one => one.name === event.level);
    if (level.state === "queued") level.state = "running";
    if (this.view.state === "queued") this.view.state = "running";
    this.render();
  }

  async preview(event, bytes) {
    if (!event) return;
    if (event.mediaType.startsWith("image/")) {
      await this.live.show(event.level, event.ordinal, this.task(event)?.segment, { ...event, bytes });
    } else {
      const pieces = this.view.levels.find(level => level.name === event.level)?.tasks ?? [];
      this.live.show(`${event.level} ${event.ordinal}`, readPreview(bytes));
      const own = pieces.filter(task => task.work === "sample").map(task => `${event.level} ${task.ordinal}`);
      // Once all pieces of this level have previews, they replace the points of the level below.
      if (own.every(name => this.live.parts.has(name))) this.live.keep(own);
    }
    if (!this.picked && !this.ended) {
      this.put(this.live, `${event.level}, step ${event.step} of ${event.steps}`, event.level);
    }
  }

  // -- the stage

  finished() {
    return this.view.levels.filter(level => media(level)).at(-1);
  }

  showBest() {
    const best = this.finished();
    if (this.picked && !this.ended) return;
    if (best) this.showLevel(best);
    else if (!this.on) {
      this.stage.replaceChildren(h("p", { class: "waiting" },
        this.ended ? "No level was finished." : "The first preview appears in a moment."));
    }
  }

  async showLevel(level) {
    const file = media(level);
    if (this.on === file.href) return;
    this.on = file.href;
    if (file.mediaType.startsWith("video/")) {
      this.stage.replaceChildren(h("video",
        { src: here(file.href), loop: true, autoplay: true, muted: true, playsinline: true, controls: true }));
      this.stage.firstChild.muted = true;
    } else if (file.mediaType.startsWith("image/")) {
      this.stage.replaceChildren(h("img", { src: here(file.href), alt: this.view.prompt }));
    } else {
      const bytes = await (await fetch(here(file.href))).arrayBuffer();
      if (this.on !== file.href) return;
      const cloud = new Cloud();
      cloud.show(level.name, readPoints(bytes, file.mediaType));
      [cloud.turn, cloud.tilt] = [this.cloud?.turn ?? this.live.turn, this.cloud?.tilt ?? this.live.tilt];
      this.cloud = cloud;
      this.stage.replaceChildren(cloud.canvas);
      cloud.play();
    }
    this.render();
  }

  put(picture, caption, level) {
    if (this.on !== picture) {
      this.on = picture;
      if (this.cloud) [picture.turn, picture.tilt] = [this.cloud.turn, this.cloud.tilt];
      this.caption = h("p", { class: "caption" });
      this.stage.replaceChildren(picture.canvas, this.caption);
      picture.play();
    }
    this.caption.textContent = caption;
    if (this.liveLevel !== level) {
      this.liveLevel = level;
      this.render();
    }
  }

  // -- the text

  say(trouble) {
    if (this.trouble !== trouble) {
      this.trouble = trouble;
      this.render();
    }
  }

  render() {
    const { view } = this;
    const took = view.started && view.ended
      ? ` in ${((new Date(view.ended) - new Date(view.started)) / 1000).toFixed(1)} s` : "";
    const facts = [
      words[view.state] + took, view.model, `seed ${view.seed}`,
      view.steps && `${view.steps} steps`, view.guidance != null && `guidance ${view.guidance}`,
      view.sampler, view.quality, view.format.toUpperCase(),
    ].filter(Boolean);
    this.head.replaceChildren(
      h("div", {},
        h("p", { class: "prompt" }, view.prompt),
        h("p", { class: "facts" }, facts.join(" · "))),
      this.ended ? "" : h("button", { type: "button", onclick: () => this.cancel() }, "Cancel"));
    this.notes.replaceChildren(
      ...view.warnings.map(warning => h("p", { class: "warning" }, `Note: ${warning}.`)),
      ...[view.why, this.trouble].filter(Boolean).map(text => h("p", { class: "refusal", role: "alert" }, text)));
    this.levels.replaceChildren(...view.levels.map(level => this.renderLevel(level)));
  }

  renderLevel(level) {
    const samples = level.tasks.filter(task => task.work === "sample");
    const done = samples.reduce((sum, task) =>
      sum + (task.state === "succeeded" ? 1 : task.step / task.steps), 0);
    const file = media(level);
    const share = file ? 1 : Math.max(level.progress, (0.99 * done) / samples.length);
    const extent = this.extents().find(one => one.name === level.name);
    const pieces = samples.length > 1 ? `, ${samples.length} pieces` : "";
    const onStage = file && this.on === file.href;
    return h("li", { class: level.state },
      h("div", { class: "name" }, level.name,
        h("span", {}, level.state === "running" ? `${Math.floor(share * 100)} %` : levelWords[level.state])),
      h("div", { class: "warning" }, extent ? extentOf(extent) + pieces : ""),
      h("progress", { value: share, max: 1, "aria-label": `progress of level ${level.name}` }),
      file && h("div", { class: "links" },
        h("button", { type: "button", "aria-pressed": String(Boolean(onStage)), onclick: () => this.pick(level) }, "Show"),
        h("a", { href: here(file.href), download: true }, `Download ${size(file.length)}`)));
  }

  pick(level) {
    this.picked = true;
    this.showLevel(level);
  }

  async cancel() {
    try {
      await ask(here(this.view.links.cancel), { method: "POST" });
      await this.refresh();
    } catch (problem) {
      this.say(problem.detail);
    }
  }
}

const levelWords = { queued: "waiting", running: "", succeeded: "done", failed: "failed", cancelled: "cancelled" };
const media = level => level.artifacts.find(artifact => artifact.role === "media");
const size = bytes => (bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

// ---- the page

async function open() {
  const id = location.hash.slice(1);
  if (shown?.view.id === id) return;
  shown?.leave();
  shown = undefined;
  $("job").hidden = !id;
  if (id) {
    try {
      const view = await ask(`v1/jobs/${encodeURIComponent(id)}`);
      if (location.hash.slice(1) !== id) return;
      shown = new Job(view);
      $("job").replaceChildren(shown.element);
    } catch (problem) {
      $("job").replaceChildren(h("p", { class: "refusal", role: "alert" }, problem.detail));
    }
  }
  listRecent();
}

async function listRecent() {
  const { jobs } = await ask("v1/jobs?limit=12").catch(() => ({ jobs: [] }));
  $("recent").hidden = jobs.length === 0;
  $("jobs").replaceChildren(...jobs.map(job =>
    h("li", {}, h("button",
      { type: "button", "aria-current": String(job.id === location.hash.slice(1)), onclick: () => { location.hash = job.id; } },
      h("span", { class: "prompt" }, job.prompt),
      h("span", { class: "state" }, `${job.kind}, ${words[job.state]}`)))));
}

/** What the header says about the farm's workers. */
function workersLine({ workers, expected }) {
  if (workers.length < expected) return `workers are starting (${workers.length} of ${expected} ready)`;
  if (workers.length === 0) return "this farm has no workers";
  const busy = workers.filter(worker => worker.task).length;
  return `${workers.length} worker${workers.length > 1 ? "s" : ""}, ${busy} busy`;
}

/** Shows the workers now and from time to time, more often while some are starting. */
async function showWorkers() {
  let pause = 5000;
  if (!document.hidden) {
    try {
      const farm = await ask("v1/workers");
      $("farm").textContent = workersLine(farm);
      if (farm.workers.length < farm.expected) pause = 1000;
    } catch (problem) {
      $("farm").textContent = problem.detail;
    }
  }
  setTimeout(showWorkers, pause);
}

addEventListener("hashchange", open);
showWorkers();
await loadModels().catch(refuse);
await open();
