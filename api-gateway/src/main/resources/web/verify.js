// Finds out whether this farm made a file that was dropped on the page.

import { $, ask, h, stateWords } from "./api.js";
import { recall } from "./form.js";

const box = $("verdict");

const line = (name, ...text) => [h("dt", {}, name), h("dd", {}, ...text)];

const signers = {
  current: "this farm's signer",
  earlier: "an earlier signer of this farm",
  unknown: "a signer that this farm does not know",
};

function credentials(found) {
  if (!found) return "none";
  const { state, reason, signer, signer_of_farm: whose } = found;
  const by = signer && `signed by ${signer}${signers[whose] ? `, ${signers[whose]}` : ""}`;
  return [state, reason, by].filter(Boolean).join("; ") || "present";
}

/** Shows what the farm knows of a file. */
export async function verify(file) {
  box.hidden = false;
  box.replaceChildren(h("p", { role: "status" }, `Looking at ${file.name}…`));
  box.scrollIntoView({ block: "nearest" });
  try {
    const known = await ask("v1/verify", {
      method: "POST",
      headers: { "Content-Type": file.type || "application/octet-stream" },
      body: file,
    });
    const { ours, watermark, job } = known;
    box.replaceChildren(
      h("h2", { role: "status" }, ours ? "This farm made this file." : "This farm does not know this file."),
      h("dl", {},
        ...line("File", file.name),
        ...line("Watermark", watermark ? `${watermark.mark}, confidence ${watermark.confidence}` : "none"),
        ...line("Content Credentials", credentials(known.content_credentials)),
        ...(job ? line("Job", h("a", { href: `#${job.id}` }, job.prompt), ` (${stateWords[job.state]})`) : [])),
      h("div", { class: "actions" },
        job ? h("button", { type: "button", onclick: () => recall(job) }, "Use its options") : null,
        close()));
  } catch (problem) {
    box.replaceChildren(
      h("p", { class: "refusal", role: "alert" }, `${file.name}: ${problem.detail}`),
      h("div", { class: "actions" }, close()));
  }
}

const close = () => h("button", { type: "button", onclick: () => { box.hidden = true; } }, "Close");

export function listen() {
  const holdsFile = event => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", event => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    document.body.classList.add("drop");
  });
  addEventListener("dragleave", event => {
    if (!event.relatedTarget) document.body.classList.remove("drop");
  });
  addEventListener("drop", event => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    document.body.classList.remove("drop");
    verify(event.dataTransfer.files[0]);
  });
  $("file").addEventListener("change", event => {
    const [file] = event.target.files;
    if (file) verify(file);
    event.target.value = "";
  });
}
