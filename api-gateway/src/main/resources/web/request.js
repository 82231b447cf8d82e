// How a job was asked for: to ask for it again, here or in a terminal.

import { keyed } from "./api.js";

const OPTIONS = ["kind", "prompt", "model", "negative_prompt", "steps", "guidance", "sampler", "quality",
  "guidanceRule", "schedule", "thresholds", "noise_level", "loras", "input_image", "input_video", "strength", "frames",
  "height", "width", "points", "enlarge", "format"];

/** The request for the same job with another seed. */
export const requestOf = view =>
  Object.fromEntries(OPTIONS.filter(name => view[name] != null).map(name => [name, view[name]]));

/** A command that asks for the same job, seed included. */
export function curl(view) {
  const text = JSON.stringify({ ...requestOf(view), seed: view.seed }).replaceAll("'", "'\\''");
  const key = keyed() ? ' -H "Authorization: Bearer $GLIMT_KEY"' : "";
  return `curl -s ${new URL("v1/jobs", document.baseURI)}${key} -H 'Content-Type: application/json' -d '${text}'`;
}

/** A name for the job's file. */
export const fileName = (view, ending) =>
  `${view.prompt.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "glimt"}.${ending}`;
