// The list of a job's levels: their progress, their pieces, and their files.

import { bytes, download, h, media } from "./api.js";

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
      progress: h("progress", { max: 1, "aria-label": `progress of level ${level.name}` }),
      map: new PieceMap(),
      links: h("div", { class: "links" }),
    };
    row.element = h("li", {},
      h("div", { class: "name" }, level.name, row.state),
      h("div", { class: "warning" }, this.describe(level)),
      row.progress, row.map.element, row.links);
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
    row.map.render(samples, file);
    if (file && !row.links.firstChild) this.link(row, level, file);
    row.pick?.setAttribute("aria-pressed", String(this.on === file?.href));
    const others = levels => levels.some(other => media(other)?.href === this.on && other !== level);
    if (row.over) row.over.hidden = !/^(video|image)\//.test(file.mediaType) || !others(this.levels);
  }

  link(row, level, file) {
    row.pick = h("button", { type: "button", onclick: () => this.pick(level) }, "Show");
    row.over = h("button", { type: "button", onclick: () => this.compare(level) }, "Compare");
    const goOn = this.goOn(level);
    row.links.append(row.pick, row.over,
      ...(goOn ? [h("button", { type: "button", onclick: goOn, "aria-label": `Go on from here… from ${level.name}` }, "Go on from here…")] : []),
      download(file.href, `${level.name}.${ending(file.mediaType)}`, `Download ${bytes(file.length)}`));
  }
}

/** A map of a level's pieces, windows of time side by side, that fills while they are made. */
class PieceMap {
  constructor() {
    this.element = h("div", { class: "map", role: "img", hidden: true });
    this.cells = new Map();
  }

  render(samples, finished) {
    this.element.hidden = samples.length < 2 || Boolean(finished);
    if (this.element.hidden) return;
    if (this.cells.size !== samples.length) this.lay(samples);
    let made = 0;
    for (const task of samples) {
      const cell = this.cells.get(task.ordinal);
      const share = task.state === "succeeded" ? 1 : task.step / task.steps;
      if (share === 1) made++;
      cell.className = task.state;
      cell.firstChild.style.height = `${100 * share}%`;
      const worker = task.attempts.at(-1)?.worker;
      cell.title = [
        `${task.state === "running" ? `step ${task.step} of ${task.steps}` : task.state}`,
        worker && `worker ${worker}`,
        task.attempts.length > 1 && `attempt ${task.attempts.length}`,
      ].filter(Boolean).join(", ");
    }
    this.element.setAttribute("aria-label", `${made} of ${samples.length} pieces are made`);
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
    this.element.replaceChildren(...[...windows.values()].map(pieces => {
      const columns = new Set(pieces.map(({ task }) => task.segment.at(-1)[0])).size;
      const box = h("span", { class: "window" }, ...pieces.map(({ cell }) => cell));
      box.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      return box;
    }));
  }
}
