// The drafts of one request: pick one, and go on from it.

import { $, ask, h, hasEnded, here, send, stateWords } from "./api.js";
import { Job } from "./job.js";

/** Shows drafts side by side while they are made. */
export class Drafts {
  /**
   * @param jobs views of the drafts, in their order
   * @param changed called when a draft has ended, or with the job that goes on
   */
  constructor(id, jobs, changed) {
    this.view = { id };
    this.changed = changed;
    this.report = h("p", { class: "told", role: "status" });
    this.trouble = h("p", { class: "refusal", role: "alert", hidden: true });
    this.tiles = jobs.map((job, i) => this.tile(job, i + 1, jobs.length));
    this.element = h("div", { class: "job" },
      h("h2", { class: "prompt" }, jobs[0].prompt),
      h("p", { class: "facts" }, `${jobs.length} drafts · ${jobs[0].model} · made by AI`),
      h("p", { class: "warning" }, "Each is the first level only, of a seed of its own. Go on with the one you like: what is there is kept, and only the rest is made."),
      this.report, this.trouble,
      h("ol", { class: "drafts" }, ...this.tiles.map(tile => tile.element)));
    this.tell();
  }

  tile(view, number, count) {
    const job = new Job(view, () => {
      this.update(tile);
      this.tell();
      this.changed();
    });
    const tile = {
      job,
      facts: h("p", { class: "facts" }),
      go: h("button", { type: "button", class: "main", "aria-label": `Go on with this, draft ${number}`, onclick: () => this.go(tile) }, "Go on with this"),
      open: h("a", { href: `#${view.id}`, "aria-label": `Details of draft ${number}` }, "Details"),
    };
    tile.element = h("li", { "aria-label": `Draft ${number} of ${count}` },
      job.stage.element, tile.facts, h("div", { class: "actions" }, tile.go, tile.open));
    this.update(tile);
    job.rendered = () => this.update(tile);
    return tile;
  }

  update({ job, facts, go }) {
    const { view } = job;
    facts.textContent = `seed ${view.seed} · ${view.why ?? stateWords[view.state]}`;
    const last = job.model && job.model.levels.length === view.levels.filter(level => level.file).length;
    go.disabled = view.state !== "succeeded";
    go.hidden = Boolean(last);
  }

  /** Says politely how many drafts there are to choose from. */
  tell() {
    const ended = this.tiles.filter(({ job }) => hasEnded(job.view)).length;
    this.report.textContent = ended === this.tiles.length ? "All drafts are there." : `${ended} of ${this.tiles.length} drafts are there.`;
  }

  async go({ job, go }) {
    go.disabled = true;
    this.trouble.hidden = true;
    try {
      this.changed(await send("POST", here(`${job.view.links.self}/refine`), {}));
    } catch (problem) {
      this.trouble.textContent = problem.detail ?? String(problem);
      this.trouble.hidden = false;
      go.disabled = false;
    }
  }

  leave() {
    for (const { job } of this.tiles) job.leave();
  }
}

/** The drafts that the address names by the first of them; nothing if there are none. */
export async function openDrafts(hash, changed) {
  try {
    const id = encodeURIComponent(hash.slice("drafts=".length));
    const { jobs } = await ask(`v1/jobs?drafts=${id}`);
    if (!jobs.length) throw { detail: "There are no such drafts any more." };
    const whole = await Promise.all(jobs.map(job => ask(here(job.links.self))));
    return new Drafts(hash, whole, changed);
  } catch (problem) {
    $("job").replaceChildren(h("p", { class: "refusal", role: "alert" }, problem.detail));
    return undefined;
  }
}
