// The place where a job's preview or one of its finished levels is seen.

import { halting } from "./animation.js";
import { get, h, here, media, source, still } from "./api.js";
import { Cloud } from "./cloud.js";
import { readPoints } from "./points.js";

/** Files with sides of fewer pixels are shown with crisp pixels, others smoothly. */
const CRISP = 64;

/**
 * A finished video or image as an element.
 *
 * @param moves whether it has more than one frame
 */
export function picture(file, label, moves) {
  const element = file.mediaType.startsWith("video/")
    ? h("video", { loop: true, autoplay: !still.matches, playsinline: true, controls: moves, "aria-label": label })
    : h("img", { alt: label });
  if (moves && element instanceof HTMLImageElement) halting(element, still.matches);
  element.muted = true;
  source(file.href).then(link => { element.src = link; }, () => { element.alt = "The file could not be loaded."; });
  const size = () =>
    element.classList.toggle("crisp", (element.videoWidth ?? element.naturalWidth) < CRISP);
  element.addEventListener("loadedmetadata", size);
  element.addEventListener("load", size);
  return element;
}

/** Keeps one video at the moment of another, as long as it is on the page. */
function follow(leader, follower) {
  const jump = () => { follower.currentTime = leader.currentTime; };
  follower.addEventListener("loadeddata", jump);
  follower.loop = false;
  follower.controls = false;
  const tick = () => {
    if (!follower.isConnected || follower.led !== leader) return;
    const apart = Math.abs(follower.currentTime - leader.currentTime);
    // While both play, a jump would be seen; what stands still is the same moment.
    if (apart > (leader.paused ? 0.001 : 0.06) && !follower.seeking) jump();
    if (follower.paused !== leader.paused) leader.paused ? follower.pause() : follower.play().catch(() => {});
    requestAnimationFrame(tick);
  };
  follower.led = leader;
  tick();
}

/** What stops and starts those images that move. */
function images(all) {
  const animated = all.filter(image => image.moves);
  return animated.length === 0 ? undefined : {
    moves: true,
    get halted() {
      return animated[0].halted;
    },
    set halted(halted) {
      for (const image of animated) image.halted = halted;
    },
  };
}

/**
 * Makes two things that a stage shows one motion: videos play, and clouds turn, together.
 *
 * @return what stops and starts both, or nothing if they do not move together
 */
export function together(leader, follower) {
  if (leader instanceof Cloud && follower instanceof Cloud) {
    follower.turnWith(leader);
    return leader;
  }
  if (leader instanceof HTMLImageElement && follower instanceof HTMLImageElement) return images([leader, follower]);
  if (!(leader instanceof HTMLVideoElement && follower instanceof HTMLVideoElement)) return undefined;
  follow(leader, follower);
  const both = {
    moves: true,
    get halted() {
      return leader.paused;
    },
    set halted(halted) {
      if (halted) leader.pause();
      else leader.play().catch(() => {});
    },
  };
  leader.onplay = leader.onpause = () => both.changed?.();
  return both;
}

export class Stage {
  constructor(prompt) {
    this.prompt = prompt;
    this.frame = h("div", { class: "stage" });
    this.tools = h("div", { class: "tools" });
    this.element = h("div", {}, this.frame, this.tools);
  }

  say(text) {
    this.frame.replaceChildren(h("p", { class: "waiting" }, text));
    this.tools.replaceChildren();
  }

  /** Shows what is being made: a Clip or a Cloud. */
  preview(live, caption) {
    if (this.on !== live) {
      this.on = live;
      this.level = undefined;
      if (this.cloud) live.pose = this.cloud.pose;
      this.caption = h("p", { class: "caption" });
      this.frame.replaceChildren(live.canvas, this.caption);
      this.tools.replaceChildren(...this.halt(live));
      if (live instanceof Cloud) this.cloud = live;
      live.play();
    }
    this.caption.textContent = caption;
  }

  /** Shows a finished level. Its file's link is then what is on. */
  async show(level) {
    const file = media(level);
    if (this.on === file.href) return;
    this.on = file.href;
    const shown = await this.open(level, level.file?.frames !== 1);
    if (this.on !== file.href) return;
    this.level = level;
    this.shown = shown;
    this.frame.replaceChildren(shown.canvas ?? shown);
    this.tools.replaceChildren(...this.halt(shown));
    if (!(shown instanceof Cloud)) return;
    if (this.cloud) shown.pose = this.cloud.pose;
    this.cloud = shown;
    shown.play();
  }

  /** A finished level as an element, or as a Cloud. */
  async open(level, controls) {
    const file = media(level);
    const label = `${this.prompt}, level ${level.name}`;
    if (/^(video|image)\//.test(file.mediaType)) return picture(file, label, controls);
    const data = await (await get(here(file.href))).arrayBuffer();
    const cloud = new Cloud();
    cloud.show(level.name, readPoints(data, file.mediaType));
    return cloud;
  }

  /** Lays another finished level over the one shown; a slider wipes between them. */
  async compare(level) {
    const below = this.shown;
    if (!this.level || media(level).href === this.on) return;
    const over = await this.open(level, false);
    if (this.shown !== below) return;
    const element = over.canvas ?? over;
    element.classList.add("over");
    const wipe = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": `wipe between ${level.name} and ${this.level.name}` });
    const edge = h("div", { class: "edge" });
    const both = together(below, over);
    const cut = () => {
      element.style.clipPath = `inset(0 ${100 - wipe.value}% 0 0)`;
      edge.style.left = `${wipe.value}%`;
    };
    wipe.addEventListener("input", cut);
    cut();
    this.frame.replaceChildren(below.canvas ?? below, element, edge);
    this.tools.replaceChildren(
      h("span", {}, level.name), wipe, h("span", {}, this.level.name),
      ...(both && !(below instanceof HTMLVideoElement) ? this.halt(both) : []));
    if (over instanceof Cloud) over.play();
  }

  /** A button that stops and starts what moves. */
  halt(moving) {
    if (!moving.moves) return [];
    const button = h("button", {
      type: "button",
      onclick: () => {
        moving.halted = !moving.halted;
        name();
      },
    });
    const name = () => { button.textContent = moving.halted ? "Play" : "Stop moving"; };
    moving.changed = name;
    name();
    return [button];
  }
}
