// The list of a job's levels: their progress, their pieces, and their files.

import { bytes, download, h, media } from "./api.js";
import { fill, moveWhileLookedAt } from "./thumb.js";

const words = { queued: "waiting", running: "", succeeded: "done", failed: "failed", cancelled: "cancelled" };

const ending = mediaType => (mediaType === "model/gltf-binary" ? "glb" : mediaType.split("/")[1]);

export class LevelList {
  /**
   * @param describe the words for a level's size
   * @param show called with the level to show
   * @param compare called with the level to lay over the one shown
   * @param goOn gives what to call to go on from a level, if that is possible
   * @param taken the name of the level that another job made
   */
  constructor(describe, show, compare, goOn, taken) {
    Object.assign(this, { describe, compare, goOn, taken, pick: show });
    this.element = h("ol", { class: "levels" });
    this.rows = new Map();
  }

  /** @param on what the stage shows: a file's link, or something else */
  show(on) {
    this.on = on;
    this.render(this.levels);
  }

  render(levels) {
    this.levels = levels;
    for (const level of levels) {
      let row = this.rows.get(level.name);
      if (!row) {
        row = this.row(level);
        this.rows.set(level.name, row);
        this.element.append(row.element);
      }
      this.update(row, level);
    }
  }

  row(level) {
    const row = {
      state: h("span"),
      thumb: h("button", { type: "button", class: "thumb", disabled: true, "aria-label": `Show ${level.name}`, onclick: () => this.pick(this.levels.find(one => one.name === level.name)) }),
      progress: h("progress", { max: 1, "aria-label": `progress of level ${level.name}` }),
      map: new PieceMap(),
      links: h("div", { class: "links" }),
    };
    moveWhileLookedAt(row.thumb);
    row.element = h("li", {},
      row.thumb,
      h("div", {},
        h("div", { class: "name" }, level.name, row.state),
        h("div", { class: "warning" }, this.describe(level)),
        row.progress, row.map.element, row.links));
    // What only encodes the prompt has nothing to show.
    row.thumb.hidden = !level.tasks.some(task => task.work === "sample") && !media(level);
    return row;
  }

  update(row, level) {
    const samples = level.tasks.filter(task => task.work === "sample");
    const done = samples.reduce((sum, task) =>
      sum + (task.state === "succeeded" ? 1 : task.step / task.steps), 0);
    const file = media(level);
    const share = file ? 1 : Math.max(level.progress, (0.99 * done) / Math.max(1, samples.length));
    row.element.className = level.state;
    row.state.textContent = level.name === this.taken ? "taken over" : level.state === "running" ? `${Math.floor(share * 100)} %` : words[level.state];
    if (level.state === "succeeded" && level.stepsTaken != null && level.stepsTaken < level.steps) {
      row.state.textContent += `, ${level.stepsTaken} of ${level.steps} steps`;
    }
    row.progress.value = share;
    row.progress.hidden = level.state === "succeeded";
    row.map.render(samples, file);
    if (file && !row.links.firstChild) this.link(row, level, file);
    const others = levels => levels.some(other => media(other)?.href === this.on && other !== level);
    row.thumb.setAttribute("aria-pressed", String(Boolean(file) && this.on === file.href));
    if (row.over) row.over.hidden = !others(this.levels);
  }

  link(row, level, file) {
    row.thumb.disabled = false;
    const kind = /^(video|image)\//.exec(file.mediaType)?.[1] ?? "points";
    const moves = kind === "image" && level.file?.frames !== 1;
    fill(row.thumb, file.href, moves ? "animation" : kind).catch(() => {});
    row.over = h("button", { type: "button", onclick: () => this.compare(level) }, "Compare");
    const goOn = this.goOn(level);
    row.links.append(row.over,
      ...(goOn ? [h("button", { type: "button", onclick: goOn, "aria-label": `Go on… from ${level.name}` }, "Go on…")] : []),
      download(file.href, `${level.name}.${ending(file.mediaType)}`, `Download ${bytes(file.length)}`));
  }
}

/** A worker's name without the part that tells its runs apart. */
const shortName = worker => worker.replace(/-[0-9a-f]{12}$/, "");

/**
 * A map of a level's pieces, windows of time side by side, that fills while they are made, each in
 * the colour of the worker that makes it.
 */
class PieceMap {
  constructor() {
    this.map = h("div", { class: "map", role: "img" });
    this.legend = h("p", { class: "legend" });
    this.element = h("div", {}, this.map, this.legend);
    this.cells = new Map();
    this.workers = [];
  }

  render(samples, finished) {
    this.element.hidden = Boolean(finished) || samples.length === 0;
    if (this.element.hidden) return;
    this.map.hidden = samples.length < 2;
    if (this.cells.size !== samples.length) this.lay(samples);
    let made = 0;
    for (const task of samples) {
      const cell = this.cells.get(task.ordinal);
      const share = task.state === "succeeded" ? 1 : task.step / task.steps;
      if (share === 1) made++;
      cell.className = task.state;
      cell.firstChild.style.height = `${100 * share}%`;
      const worker = task.attempts.at(-1)?.worker;
      if (worker) cell.firstChild.className = this.colourOf(worker);
      cell.title = [
        `${task.state === "running" ? `step ${task.step} of ${task.steps}` : task.state}`,
        worker && `worker ${worker}`,
        task.attempts.length > 1 && `attempt ${task.attempts.length}`,
      ].filter(Boolean).join(", ");
    }
    this.map.setAttribute("aria-label", `${made} of ${samples.length} pieces are made`);
    this.legend.replaceChildren(...this.workers.map(worker =>
      h("span", {}, h("i", { class: this.colourOf(worker) }), shortName(worker))));
  }

  /** The class of a worker's colour; there are six colours. */
  colourOf(worker) {
    if (!this.workers.includes(worker)) this.workers.push(worker);
    return `worker${this.workers.indexOf(worker) % 6}`;
  }

  lay(samples) {
    this.cells.clear();
    const windows = new Map();
    for (const task of samples) {
      const span = task.segment.length === 3 ? task.segment[0].join("–") : "";
      const cell = h("span", {}, h("span"));
      this.cells.set(task.ordinal, cell);
      if (!windows.has(span)) windows.set(span, []);
      windows.get(span).push({ cell, task });
    }
    this.map.replaceChildren(...[...windows.values()].map(pieces => {
      const columns = new Set(pieces.map(({ task }) => task.segment.at(-1)[0])).size;
      const box = h("span", { class: "window" }, ...pieces.map(({ cell }) => cell));
      box.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      return box;
    }));
  }
}
