// The page's script: joins its parts, and shows the job that the address names.

import { $, ask, offline, still } from "./api.js";
import { openDrafts } from "./drafts.js";
import * as form from "./form.js";
import * as gallery from "./gallery.js";
import { openJob } from "./job.js";
import { openPair } from "./pair.js";
import * as verify from "./verify.js";

let shown; // the Job, Drafts or Pair that the page shows
let loaded = false; // whether the page has shown what its address named at first

/** Opens what the address names: a job, drafts, or two jobs to compare. */
function named(id) {
  if (id.startsWith("drafts=")) return openDrafts(id, changed);
  if (id.startsWith("compare=")) return openPair(id);
  return openJob(id, changed);
}

/** Says in the window's title what is shown and how far it is. */
function title() {
  const { prompt, state, progress } = shown?.view ?? {};
  const share = ["queued", "running"].includes(state) ? `${Math.floor(100 * progress)} % · ` : "";
  document.title = prompt ? `${share}${prompt} · glimt` : "glimt";
}

/** Brings what was opened into view, and the keyboard's focus out of the gallery to it. */
function bring() {
  const box = $("job");
  if ($("recent").contains(document.activeElement)) box.focus({ preventScroll: true });
  box.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
}

async function open() {
  const id = location.hash.slice(1);
  gallery.mark();
  if (shown?.view.id === id) return;
  shown?.leave();
  shown = undefined;
  title();
  $("job").hidden = !id;
  if (!id) return;
  const job = await named(id);
  if (!job) return;
  if (location.hash.slice(1) !== id) {
    job.leave();
    return;
  }
  shown = job;
  job.rendered = title;
  title();
  $("job").replaceChildren(job.element);
  if (loaded) bring();
}

/** A job was made, or drafts, or the one that is shown has ended. */
function changed(successor) {
  if (successor?.jobs) location.hash = `drafts=${successor.jobs[0].drafts}`;
  else if (successor) location.hash = successor.id;
  gallery.refresh();
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
      if (gallery.waits()) await gallery.refresh();
    } catch (problem) {
      $("farm").textContent = problem.offline ? "not connected" : problem.detail;
    }
  }
  setTimeout(showWorkers, pause);
}

addEventListener("hashchange", open);
addEventListener("offline", () => offline(true));
form.listen(changed);
gallery.listen();
verify.listen();
showWorkers();
await form.loadModels().catch(form.refuse);
await open();
loaded = true;
await gallery.refresh();
