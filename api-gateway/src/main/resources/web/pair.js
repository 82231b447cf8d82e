// Two jobs side by side, which move and turn together.

import { $, ask, h, media, stateWords } from "./api.js";
import { Stage, together } from "./stage.js";

class Side {
  constructor(view, shown) {
    this.view = view;
    this.stage = new Stage(view.prompt);
    const levels = view.levels.filter(level => media(level));
    this.choice = h("select", {
      "aria-label": `level of ${view.prompt}`,
      onchange: () => this.show(levels[this.choice.selectedIndex]).then(shown),
    }, ...levels.map(level => h("option", { selected: level === levels.at(-1) }, level.name)));
    this.element = h("li", {},
      this.stage.frame,
      h("p", { class: "side" }, h("a", { href: `#${view.id}` }, view.prompt), levels.length > 1 ? this.choice : null),
      h("p", { class: "facts" }, `${view.model} · seed ${view.seed} · ${stateWords[view.state]}`));
    this.best = levels.at(-1);
  }

  async show(level) {
    if (level) await this.stage.show(level);
    else this.stage.say("No level was finished.");
  }
}

/** Shows the newest finished levels of two jobs; one button stops both. */
export class Pair {
  constructor(hash, views) {
    this.view = { id: hash, prompt: "Compared" };
    this.tools = h("div", { class: "tools" });
    this.sides = views.map(view => new Side(view, () => this.join()));
    this.element = h("div", { class: "job" },
      h("h2", { class: "prompt" }, "Compared"),
      h("ol", { class: "pair" }, ...this.sides.map(side => side.element)),
      this.tools);
    Promise.all(this.sides.map(side => side.show(side.best))).then(() => this.join());
  }

  /** Makes both sides one motion, whatever they show now. */
  join() {
    const [left, right] = this.sides.map(({ stage }) => stage);
    const stop = together(left.shown, right.shown);
    this.tools.replaceChildren(...(stop ? left.halt(stop) : []));
  }

  leave() {}
}

/** The two jobs that the address names; nothing if there are none. */
export async function openPair(hash) {
  try {
    const ids = hash.slice("compare=".length).split(",");
    return new Pair(hash, await Promise.all(ids.map(id => ask(`v1/jobs/${encodeURIComponent(id)}`))));
  } catch (problem) {
    $("job").replaceChildren(h("p", { class: "refusal", role: "alert" }, problem.detail ?? String(problem)));
    return undefined;
  }
}
