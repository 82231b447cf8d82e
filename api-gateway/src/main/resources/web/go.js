// The dialog that asks how to go on from a level.

import { $, h, here, send } from "./api.js";

const dialog = $("go-on");
const form = dialog.querySelector("form");
form.elements.give.addEventListener("click", () => dialog.close());

/**
 * Asks how to go on from a level, and makes the job.
 *
 * @param above the names of the levels above it
 * @param changed called with the new job
 * @param refused called with the problem
 */
export function goOn(view, level, above, changed, refused) {
  const fields = form.elements;
  $("go-on-title").textContent = `Go on from ${level}`;
  fields.prompt.value = view.prompt;
  fields.seed.value = "";
  fields.seed.placeholder = `the same: ${view.seed}`;
  fields.levels.replaceChildren(...above.map((name, i) => h("option", { value: i + 1 }, name)).reverse());
  fields.levels.selectedIndex = 0;
  form.onsubmit = async () => {
    const wish = { from: level };
    if (fields.prompt.value !== view.prompt) wish.prompt = fields.prompt.value;
    const seed = fields.seed.value.trim();
    if (seed) wish.seed = Number.isFinite(Number(seed)) ? Number(seed) : seed;
    if (fields.levels.value && Number(fields.levels.value) < above.length) wish.levels = Number(fields.levels.value);
    try {
      changed(await send("POST", here(`${view.links.self}/refine`), wish));
    } catch (problem) {
      refused(problem);
    }
  };
  dialog.showModal();
}
