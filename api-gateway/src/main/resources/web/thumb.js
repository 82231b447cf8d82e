// Small pictures of files: of jobs in the gallery, and of a job's levels.

import { halting } from "./animation.js";
import { get, here, h, source, still } from "./api.js";
import { Cloud } from "./cloud.js";
import { readPoints } from "./points.js";

/**
 * Fills a box with a small picture of a file.
 *
 * @param kind video, animation (an image of several frames), image or points
 */
export async function fill(box, link, kind) {
  if (kind === "points") {
    const answer = await get(here(link));
    if (!answer.ok) throw new Error(String(answer.status));
    const cloud = new Cloud();
    cloud.show("result", readPoints(await answer.arrayBuffer(), answer.headers.get("Content-Type")));
    const canvas = h("canvas", { "aria-hidden": "true" });
    cloud.drawOn(canvas, 256);
    box.replaceChildren(canvas);
  } else if (kind === "image" || kind === "animation") {
    const image = h("img", { alt: "" });
    if (kind === "animation") halting(image, true);
    image.src = await source(link);
    box.replaceChildren(image);
  } else {
    const video = h("video", { src: await source(link), loop: true, playsinline: true, preload: "auto", "aria-hidden": "true", tabindex: -1 });
    video.muted = true;
    box.replaceChildren(video);
  }
}

/** Lets what moves in an element play, or stops it. */
export function move(element, on) {
  for (const image of element.querySelectorAll("img")) {
    if (image.moves) image.halted = !on;
  }
  for (const video of element.querySelectorAll("video")) {
    if (on) video.play().catch(() => {});
    else video.pause();
  }
}

/** Lets what moves in a button play while it is pointed at or has the keyboard's focus. */
export function moveWhileLookedAt(button, stays = () => false) {
  const look = on => () => still.matches || stays() || move(button, on);
  for (const [event, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
    button.addEventListener(event, look(on));
  }
}
