// The gallery: all jobs, newest first, with moving thumbnails.

import { $, ask, h, hasEnded, here, stateWords } from "./api.js";
import { fill, move, moveWhileLookedAt } from "./thumb.js";

const PAGE = 24;
let next;
let cards = new Map();
let moving = false; // whether all thumbnails move
let first; // the job that another one is chosen to be compared with

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
  if (!page) return false;
  next = page.next;
  for (const job of page.jobs) cards.set(job.id, cardOf(job, cards.get(job.id)));
  render();
  return true;
}

/** Searches the jobs that are here, and then older ones until some are found or none are left. */
async function search() {
  const asked = $("search").value;
  while (filter() < PAGE && next && asked.trim() && asked === $("search").value) {
    $("none").textContent = "Looking among older jobs…";
    if (!(await more())) break;
  }
  $("none").textContent = "No job matches.";
}

function render() {
  $("recent").hidden = false;
  $("nothing").hidden = cards.size > 0;
  for (const id of ["search", "moving"]) $(id).hidden = cards.size === 0;
  $("jobs").replaceChildren(...[...cards.values()].map(card => card.element));
  $("more").hidden = !next;
  filter();
  mark();
}

/** Marks the job that is open. */
export function mark() {
  const open = location.hash.slice(1).replace("compare=", "").split(",");
  for (const [id, card] of cards) card.button.setAttribute("aria-current", String(open.includes(id)));
}

function filter() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, job } of cards.values()) {
    element.hidden = !words.every(word => `${job.prompt} ${job.model} ${job.state}`.toLowerCase().includes(word));
    if (!element.hidden) shown++;
  }
  $("none").hidden = shown > 0 || cards.size === 0;
  return shown;
}

/** Lets the next card that is pressed be the one to compare a job with; without one, does not. */
export function compareWith(job) {
  first = job?.id;
  $("comparing").hidden = !job;
  if (job) {
    $("comparing").firstElementChild.textContent = `Choose what to compare “${job.prompt}” with.`;
    $("recent").scrollIntoView({ block: "start" });
    [...cards.values()].find(card => card.job.id !== first)?.button.focus({ preventScroll: true });
  }
}

function press(id) {
  const other = first;
  compareWith(undefined);
  location.hash = other && other !== id ? `compare=${other},${id}` : id;
}

/** Whether a job that is shown here has not ended. */
export const waits = () => [...cards.values()].some(({ job }) => !hasEnded(job));

const how = job => (job.state === "running" ? `${Math.floor(100 * job.progress)} %` : stateWords[job.state]);

function cardOf(job, before) {
  if (before && before.job.state === job.state) {
    if (!hasEnded(job)) before.picture.textContent = how(job);
    return before;
  }
  const picture = h("span", { class: "thumb" });
  const kind = job.kind !== "video" ? job.kind : ["gif", "apng"].includes(job.format) ? "animation" : "video";
  picture.load = () => fill(picture, job.links.result, kind)
    .then(() => moving && move(picture, true), () => picture.classList.add("empty"));
  if (job.state === "succeeded") seen.observe(picture);
  else picture.append(how(job));
  const button = h("button", { type: "button", class: "card", onclick: () => press(job.id) },
    picture, h("span", { class: "prompt" }, job.drafts ? h("em", {}, "draft ") : null, job.prompt));
  if (job.kind === "video") moveWhileLookedAt(button, () => moving);
  return { job, button, picture, element: h("li", {}, button, hasEnded(job) ? remove(job) : null) };
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

export function listen() {
  $("more").addEventListener("click", more);
  $("search").addEventListener("input", search);
  $("moving").addEventListener("click", () => {
    moving = !moving;
    $("moving").textContent = moving ? "Stop moving" : "Let all move";
    move($("jobs"), moving);
  });
  $("comparing").querySelector("button").addEventListener("click", () => compareWith(undefined));
  $("jobs").addEventListener("keydown", event => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || !event.target.classList.contains("card") || event.altKey || event.ctrlKey || event.metaKey) return;
    const shown = [...cards.values()].filter(({ element }) => !element.hidden).map(({ button }) => button);
    shown[shown.indexOf(event.target) + by]?.focus();
    event.preventDefault();
  });
}
