// One job: what is known of it, what can be done with it, and its live events.

import { $, ask, download, extentOf, get, h, hasEnded, here, media, offline, send, stateWords, stream } from "./api.js";
import { Clip } from "./clip.js";
import { Cloud } from "./cloud.js";
import { goOn } from "./go.js";
import { models, recall } from "./form.js";
import { compareWith } from "./gallery.js";
import { LevelList } from "./levels.js";
import { readPreview } from "./points.js";
import { curl, fileName, requestOf } from "./request.js";
import { Stage } from "./stage.js";
import { verify } from "./verify.js";

const classes = ["urgent", "normal", "bulk"];

/** Shows a job and follows it until it ends or another job is shown. */
export class Job {
  /** @param changed called when the job has ended, was deleted or has a successor (its argument) */
  constructor(view, changed) {
    this.view = view;
    this.changed = changed;
    this.seq = 0;
    this.model = models.find(model => model.card === view.card)
      ?? models.find(model => model.name === view.model);
    this.head = h("div", { class: "head" });
    this.whole = h("progress", { max: 1, class: "whole", "aria-label": "progress of the job" });
    this.notes = h("div");
    this.voice = h("p", { class: "unseen", role: "status" });
    this.actions = h("div", { class: "actions" });
    this.stage = new Stage(view.prompt);
    this.levels = new LevelList(
      // Where a prompt is encoded, nothing has an extent.
      level => {
        const extent = this.extents().find(one => one.name === level.name)?.extent ?? level.file;
        return extent ? extentOf(extent) : "";
      },
      level => this.pick(level),
      level => this.stage.compare(level),
      level => this.above(level).length > 0 && (() => this.goOn(level)),
      view.originLevel);
    this.element = h("div", { class: "job" },
      this.head, this.whole, this.notes, this.voice,
      h("div", { class: "show" }, this.stage.element, h("div", {}, this.levels.element, this.actions)));
    this.live = view.kind === "points"
      ? new Cloud()
      : new Clip(this.extents().map(level => ({ name: level.name, ...level.extent })), this.model?.fps);
    this.render();
    this.showBest();
    this.watch();
    this.poll();
  }

  extents() {
    const names = this.view.levels.map(level => level.name);
    return (this.model?.levels ?? []).filter(level => names.includes(level.name));
  }

  get ended() {
    return hasEnded(this.view);
  }

  /** The names of the model's levels above one, as far as the job's size has them. */
  above(level) {
    const all = (this.model?.levels ?? []).map(one => one.name);
    const own = this.view.levels.map(one => one.name).filter(name => all.includes(name));
    // A draft has only the base; other jobs have all levels of their size.
    const last = this.view.drafts ? all.length : Math.max(...own.map(name => all.indexOf(name))) + 1;
    return all.slice(all.indexOf(level.name) + 1, last);
  }

  goOn(level) {
    goOn(this.view, level.name, this.above(level), this.changed, problem => this.say(problem.detail ?? String(problem)));
  }

  /** The newest finished level that this job made itself. */
  stoppable() {
    return this.view.levels.filter(level => media(level) && level.name !== this.view.originLevel).at(-1);
  }

  // -- live

  async watch() {
    let events;
    try {
      events = await stream(this.view.links.events, this.seq);
    } catch (problem) {
      this.later(problem);
    }
    if (!events || this.left) return;
    this.socket = new WebSocket(events);
    this.socket.binaryType = "arraybuffer";
    let preview;
    this.socket.onopen = () => offline(false);
    this.socket.onmessage = ({ data }) => {
      if (typeof data !== "string") return this.preview(preview, data);
      const event = JSON.parse(data);
      if (event.seq) this.seq = event.seq;
      if (event.type === "preview") preview = event;
      else if (event.type === "progress") this.progress(event);
      else this.refresh();
      return undefined;
    };
    this.socket.onclose = () => this.later({ offline: true });
  }

  /** Says why nothing comes, and watches again in a while. */
  later(problem) {
    if (this.left || this.ended) return;
    this.complain(problem);
    this.patience = Math.min(10, (this.patience ?? 0.5) * 2);
    setTimeout(() => this.watchAgain(), this.patience * 1000);
  }

  async watchAgain() {
    if (this.left) return;
    await this.refresh();
    if (this.ended) return;
    this.watch();
  }

  /** Asks from time to time how long the job will take. */
  poll() {
    clearTimeout(this.timer);
    if (this.left || this.ended) return;
    this.timer = setTimeout(async () => {
      if (!document.hidden) await this.refresh();
      this.poll();
    }, 4000);
  }

  leave() {
    this.left = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  async refresh() {
    try {
      this.take(await ask(here(this.view.links.self)));
    } catch (problem) {
      this.complain(problem);
    }
  }

  /** Shows a newer view of the job. */
  take(view) {
    if (this.left) return;
    const before = this.finished()?.name;
    const ended = this.ended;
    this.view = view;
    this.patience = undefined;
    this.say(null);
    if (this.finished()?.name !== before || this.ended) this.showBest();
    this.render();
    const now = this.finished()?.name;
    if (this.ended) this.voice.textContent = stateWords[view.state];
    else if (now !== before) this.voice.textContent = `level ${now} is finished`;
    if (this.ended && !ended) this.changed();
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

  async preview(event, data) {
    if (!event) return;
    if (event.mediaType.startsWith("image/")) {
      await this.live.show(event.level, event.ordinal, this.task(event)?.segment, { ...event, bytes: data });
    } else {
      const pieces = this.view.levels.find(level => level.name === event.level)?.tasks ?? [];
      this.live.show(`${event.level} ${event.ordinal}`, readPreview(data));
      const own = pieces.filter(task => task.work === "sample").map(task => `${event.level} ${task.ordinal}`);
      // Once all pieces of this level have previews, they replace the points of the level below.
      if (own.every(name => this.live.parts.has(name))) this.live.keep(own);
    }
    if (!this.picked && !this.ended) {
      this.stage.preview(this.live, `${event.level}, step ${event.step} of ${event.steps}`);
      this.levels.show(this.stage.on);
    }
  }

  // -- the stage

  finished() {
    return this.view.levels.filter(level => media(level)).at(-1);
  }

  showBest() {
    const best = this.finished();
    if (this.picked && !this.ended) return;
    if (best) this.stage.show(best).then(() => this.levels.show(this.stage.on));
    else if (!this.stage.on) {
      this.stage.say(this.ended ? "No level was finished." : "The first preview appears in a moment.");
    }
  }

  async pick(level) {
    this.picked = true;
    await this.stage.show(level);
    this.levels.show(this.stage.on);
  }

  // -- what can be done

  async stop() {
    await this.attempt(async () => this.take(await ask(here(`${this.view.links.self}/stop`), { method: "POST" })));
  }

  async cancel() {
    await this.attempt(async () => this.take(await ask(here(this.view.links.cancel), { method: "POST" })));
  }

  change(what) {
    return this.attempt(async () => this.take(await send("PATCH", here(this.view.links.self), what)));
  }

  /** Makes the same job again, but for these options. */
  again(other) {
    return this.attempt(async () => this.changed(await send("POST", "v1/jobs", { ...requestOf(this.view), ...other })));
  }

  /** Asks the farm what the job's file says of its origin. */
  verify() {
    return this.attempt(async () => {
      const answer = await get(here(this.view.links.result));
      if (!answer.ok) throw await answer.json();
      await verify(new File([await answer.blob()], fileName(this.view, this.view.format)));
    });
  }

  async copy(what, text) {
    try {
      await navigator.clipboard.writeText(text);
      this.told(`${what} copied.`);
    } catch {
      this.told(text);
    }
  }

  async attempt(act) {
    try {
      await act();
    } catch (problem) {
      this.complain(problem);
    }
  }

  // -- the text

  /** Says a problem; that the farm does not answer is said once for the whole page. */
  complain(problem) {
    if (problem.offline) offline(true);
    else this.say(problem.detail ?? String(problem));
  }

  say(trouble) {
    if (this.trouble !== trouble) {
      this.trouble = trouble;
      this.render();
    }
  }

  told(text) {
    this.report = text;
    this.render();
  }

  state() {
    const { view } = this;
    if (view.paused && !this.ended) return "paused";
    if (!this.ended || !view.started) return stateWords[view.state];
    return `${stateWords[view.state]} in ${((new Date(view.ended) - new Date(view.started)) / 1000).toFixed(1)} s`;
  }

  /** When the job is likely to end, in words; nothing if nobody knows. */
  timeLeft() {
    const forecast = !this.ended && !this.view.paused && this.view.forecast;
    if (!forecast?.ends) return "";
    const seconds = Math.max(1, Math.round((new Date(forecast.ends) - Date.now()) / 1000));
    const time = seconds < 90 ? `${seconds} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
    return `about ${time} left${forecast.learned ? "" : " (a guess)"}`;
  }

  render() {
    const { view } = this;
    const facts = [
      this.state(), this.timeLeft(), view.model, `seed ${view.seed}`,
      view.steps && `${view.steps} steps`, view.guidance != null && `guidance ${view.guidance}`,
      view.sampler, view.quality, view.class !== "normal" && view.class, view.format.toUpperCase(),
      "made by AI",
    ].filter(Boolean);
    this.whole.hidden = this.ended;
    this.whole.value = view.progress;
    this.head.replaceChildren(
      h("h2", { class: "prompt" }, view.prompt),
      h("p", { class: "facts" }, facts.join(" · ")));
    const obstacle = !this.ended && view.forecast?.obstacle;
    this.notes.replaceChildren(
      ...[this.from()].filter(Boolean),
      ...(obstacle ? [h("p", { class: "warning" }, `It waits: ${obstacle}.`)] : []),
      ...(!this.ended && view.plannedWhy ? [h("p", { class: "warning" }, `Note: ${view.plannedWhy}.`)] : []),
      ...view.warnings.map(warning => h("p", { class: "warning" }, `Note: ${warning}.`)),
      ...[view.why, this.trouble].filter(Boolean).map(text => h("p", { class: "refusal", role: "alert" }, text)),
      this.report ? h("p", { class: "told", role: "status" }, this.report) : "");
    this.levels.render(view.levels);
    this.renderActions();
    this.rendered?.();
  }

  /** Where the job comes from, if it is a draft or goes on from a level. */
  from() {
    const { view } = this;
    if (view.drafts) {
      return h("p", { class: "told" }, "This is a draft, one of ", h("a", { href: `#drafts=${view.drafts}` }, "those made together"), ".");
    }
    if (view.originLevel) {
      return h("p", { class: "told" }, `It goes on from the level ${view.originLevel} of `, h("a", { href: `#${view.origin}` }, "another job"), ", which is not made again.");
    }
    return undefined;
  }

  /** Keeps buttons that stay, so that they keep the keyboard's focus. */
  renderActions() {
    const { view } = this;
    const whole = this.ended ? undefined : this.stoppable()?.name;
    const kept = `${this.ended} ${view.paused} ${view.class} ${whole}`;
    if (this.acts === kept) return;
    this.acts = kept;
    const act = (text, onclick) => h("button", { type: "button", onclick }, text);
    const formats = (this.model?.formats ?? []).filter(format => format !== view.format);
    this.actions.replaceChildren(...(view.state === "succeeded"
      ? [
        download(view.links.result, fileName(view, view.format), `Download ${view.format.toUpperCase()}`),
        act("Verify", () => this.verify()),
        act("Compare with…", () => compareWith(view)),
        ...(formats.length && !view.endedAtLevel && !view.drafts
          ? [h("label", {}, h("select", { name: "also", "aria-label": "Make it also as", onchange: event => this.again({ seed: view.seed, format: event.target.value }) },
            h("option", { value: "" }, "Also as…"),
            ...formats.map(format => h("option", { value: format }, format.toUpperCase()))))]
          : []),
      ]
      : []),
    ...(this.ended
      ? [act("Another seed", () => this.again({}))]
      : [
        view.paused
          ? act("Resume", () => this.change({ paused: false }))
          : act("Pause", () => this.change({ paused: true })),
        h("label", {}, "Urgency ",
          h("select", { name: "urgency", onchange: event => this.change({ class: event.target.value }) },
            ...classes.map(name => h("option", { value: name, selected: name === view.class }, name)))),
        ...(whole ? [act(`Stop and keep ${whole}`, () => this.stop())] : []),
        act("Cancel", () => this.cancel()),
      ]),
    act("Use these options", () => recall(view)),
    act("Copy link", () => this.copy("The link was", location.href)),
    act("Copy as curl", () => this.copy("The command was", curl(view))));
  }
}

/** Shows the job that the address names, if it names one. */
export async function openJob(id, changed) {
  let view;
  try {
    view = await ask(`v1/jobs/${encodeURIComponent(id)}`);
  } catch (problem) {
    $("job").replaceChildren(h("p", { class: "refusal", role: "alert" }, problem.detail));
    return undefined;
  }
  return new Job(view, changed);
}
