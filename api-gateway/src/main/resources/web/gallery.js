// The gallery: all jobs, newest first, with moving thumbnails.

import { $, ask, get, h, hasEnded, here, source, stateWords, still } from "./api.js";
import { Cloud } from "./cloud.js";
import { readPoints } from "./points.js";

const PAGE = 24;
let next;
let cards = new Map();

/** Loads a card's thumbnail when it comes into view. */
const seen = new IntersectionObserver(entries => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    target.load();
  }
}, { rootMargin: "200px" });

/** Reads the newest jobs; those that are shown already stay as they are. */
export async function refresh() {
  const page = await ask(`v1/jobs?limit=${PAGE}`).catch(() => undefined);
  if (!page) return;
  if (next === undefined) next = page.next;
  const before = cards;
  cards = new Map();
  for (const job of page.jobs) cards.set(job.id, cardOf(job, before.get(job.id)));
  for (const [id, card] of before) if (!cards.has(id) && !card.fresh) cards.set(id, card);
  render();
}

async function more() {
  const page = await ask(here(next)).catch(() => undefined);
  if (!page) return;
  next = page.next;
  for (const job of page.jobs) cards.set(job.id, cardOf(job, cards.get(job.id)));
  render();
}

function render() {
  $("recent").hidden = cards.size === 0;
  $("jobs").replaceChildren(...[...cards.values()].map(card => card.element));
  $("more").hidden = !next;
  filter();
  mark();
}

/** Marks the job that is open. */
export function mark() {
  const open = location.hash.slice(1);
  for (const [id, card] of cards) card.button.setAttribute("aria-current", String(id === open));
}

function filter() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, job } of cards.values()) {
    element.hidden = !words.every(word => `${job.prompt} ${job.model} ${job.state}`.toLowerCase().includes(word));
    if (!element.hidden) shown++;
  }
  $("none").hidden = shown > 0 || cards.size === 0;
}

function cardOf(job, before) {
  if (before && before.job.state === job.state) return before;
  const picture = h("span", { class: "thumb" });
  picture.load = () => load(picture, job).catch(() => picture.classList.add("empty"));
  if (job.state === "succeeded") seen.observe(picture);
  else picture.append(stateWords[job.state]);
  const button = h("button", { type: "button", class: "card", onclick: () => { location.hash = job.id; } },
    picture, h("span", { class: "prompt" }, job.drafts ? h("em", {}, "draft ") : null, job.prompt));
  if (job.kind === "video") {
    const play = on => {
      const video = picture.querySelector("video");
      if (!video || still.matches) return;
      if (on) video.play().catch(() => {});
      else video.pause();
    };
    button.addEventListener("pointerenter", () => play(true));
    button.addEventListener("pointerleave", () => play(false));
    button.addEventListener("focus", () => play(true));
    button.addEventListener("blur", () => play(false));
  }
  return { job, button, element: h("li", {}, button, hasEnded(job) ? remove(job) : null) };
}

/** A button that deletes a job when it is pressed twice. */
function remove(job) {
  const button = h("button", { type: "button", class: "remove" });
  const name = sure => {
    button.sure = sure;
    button.textContent = sure ? "Delete?" : "×";
    button.setAttribute("aria-label", sure ? `Delete? ${job.prompt}` : `Delete ${job.prompt}`);
  };
  name(false);
  button.addEventListener("blur", () => name(false));
  button.addEventListener("click", async () => {
    if (!button.sure) return name(true);
    try {
      await ask(here(job.links.self), { method: "DELETE" });
    } catch (problem) {
      button.textContent = problem.detail;
      return undefined;
    }
    cards.delete(job.id);
    if (location.hash.slice(1) === job.id) location.hash = "";
    render();
    $("search").focus();
    return undefined;
  });
  return button;
}

async function load(picture, job) {
  if (job.kind === "points") {
    const answer = await get(here(job.links.result));
    if (!answer.ok) throw new Error(String(answer.status));
    const cloud = new Cloud();
    cloud.show("result", readPoints(await answer.arrayBuffer(), answer.headers.get("Content-Type")));
    const canvas = h("canvas", { "aria-hidden": "true" });
    cloud.drawOn(canvas, 256);
    picture.replaceChildren(canvas);
  } else if (job.kind === "image" || ["gif", "apng"].includes(job.format)) {
    picture.replaceChildren(h("img", { src: await source(job.links.result), alt: "" }));
  } else {
    const video = h("video", { src: await source(job.links.result), loop: true, playsinline: true, preload: "auto", "aria-hidden": "true", tabindex: -1 });
    video.muted = true;
    picture.replaceChildren(video);
  }
}

export function listen() {
  $("more").addEventListener("click", more);
  $("search").addEventListener("input", filter);
}
