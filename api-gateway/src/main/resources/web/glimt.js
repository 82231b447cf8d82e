// The page's script: joins its parts, and shows the job that the address names.

import { $, ask } from "./api.js";
import { openDrafts } from "./drafts.js";
import * as form from "./form.js";
import * as gallery from "./gallery.js";
import { openJob } from "./job.js";
import * as verify from "./verify.js";

let shown; // the Job that the page shows

async function open() {
  const id = location.hash.slice(1);
  gallery.mark();
  if (shown?.view.id === id) return;
  shown?.leave();
  shown = undefined;
  $("job").hidden = !id;
  if (!id) return;
  const job = await (id.startsWith("drafts=") ? openDrafts(id, changed) : openJob(id, changed));
  if (!job) return;
  if (location.hash.slice(1) !== id) {
    job.leave();
    return;
  }
  shown = job;
  $("job").replaceChildren(job.element);
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
    } catch (problem) {
      $("farm").textContent = problem.detail;
    }
  }
  setTimeout(showWorkers, pause);
}

addEventListener("hashchange", open);
form.listen(changed);
gallery.listen();
verify.listen();
showWorkers();
await form.loadModels().catch(form.refuse);
await open();
await gallery.refresh();
