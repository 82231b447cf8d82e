// What every part of the page uses: elements, and calls of the API.

/** Makes an element with attributes, listeners (on…) and children; null children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child != null));
  return element;
}

export const $ = id => document.getElementById(id);

/** Resolves a link of the API relative to this page, which a proxy may serve below a path. */
export const here = link => new URL(link.slice(link.lastIndexOf("/v1/") + 1), document.baseURI);

// ---- the farm's key, where it wants one: kept for this tab

let key = sessionStorage.getItem("key");
let asking;

/** Whether this farm wanted a key. */
export const keyed = () => Boolean(key);

/** Lets the visitor give a key; all calls that need one wait for the same answer. */
function askForKey(why) {
  asking ??= new Promise(resolve => {
    const dialog = $("key");
    const form = dialog.querySelector("form");
    $("key-why").textContent = why;
    form.onsubmit = () => {
      key = form.elements.secret.value.trim();
      sessionStorage.setItem("key", key);
      form.reset();
      asking = undefined;
      resolve();
    };
    dialog.showModal();
  });
  return asking;
}

/** Fetches with the key, and asks for it if it is missing or refused. */
export async function get(path, options = {}) {
  for (;;) {
    const used = key;
    const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
    const response = await fetch(path, { ...options, headers });
    if (response.status !== 401) return response;
    if (used === key) await askForKey(used ? "The farm does not accept this key. Give another." : "Whoever runs it makes keys.");
  }
}

/** An address that elements can load a file from, which send no key. */
export async function source(link) {
  if (!key) return here(link).href;
  const response = await get(here(link));
  if (!response.ok) throw new Error(String(response.status));
  return URL.createObjectURL(await response.blob());
}

/** A link to download a file by. */
export const download = (link, name, text) =>
  h("a", {
    href: here(link),
    download: name,
    onclick: async event => {
      if (!key || event.target.protocol === "blob:") return;
      event.preventDefault();
      event.target.href = await source(link);
      event.target.click();
    },
  }, text);

/** The address of a stream of events: a browser sends no key with a WebSocket, but a ticket. */
export async function stream(link, after) {
  const events = here(link);
  events.protocol = events.protocol.replace("http", "ws");
  events.searchParams.set("after", after);
  if (key) events.searchParams.set("ticket", (await ask("v1/tickets", { method: "POST" })).ticket);
  return events;
}

/** Says that the farm cannot be reached, or that it can again. */
export function offline(is) {
  $("offline").hidden = !is;
}

/** Calls the API; throws problem details if it fails. */
export async function ask(path, options) {
  let response;
  try {
    response = await get(path, options);
  } catch {
    offline(true);
    throw { detail: "The farm does not answer. Is it running?", offline: true };
  }
  offline(false);
  if (response.status === 204) return undefined;
  const body = await response.json().catch(() => ({ detail: `The farm answered with status ${response.status}.` }));
  if (!response.ok) throw body;
  return body;
}

/** Sends JSON. */
export const send = (method, path, body) =>
  ask(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** The job's finished file of a level, if it has one. */
export const media = level => level.artifacts.find(artifact => artifact.role === "media");

export const bytes = count =>
  count < 1000 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toFixed(0)} kB` : `${(count / 1e6).toFixed(1)} MB`;

export const extentOf = ({ points, frames, height, width }) =>
  points ? `${points.toLocaleString("en")} points`
    : frames > 1 ? `${width} × ${height}, ${frames} frames` : `${width} × ${height}`;

export const stateWords = {
  queued: "waiting for a worker",
  running: "running",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
  blocked: "stopped by the content filter",
};

export const hasEnded = job => !["queued", "running"].includes(job.state);

/** The browser's wish that nothing moves by itself. */
export const still = matchMedia("(prefers-reduced-motion: reduce)");
