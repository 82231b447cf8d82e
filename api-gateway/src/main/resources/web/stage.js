// The place where a job's preview or one of its finished levels is seen.

import { get, h, here, media, source, still } from "./api.js";
import { Cloud } from "./cloud.js";
import { readPoints } from "./points.js";

/**
 * A finished video or image as an element.
 *
 * @param moves whether it has more than one frame
 */
export function picture(file, label, moves) {
  const element = file.mediaType.startsWith("video/")
    ? h("video", { loop: true, autoplay: !still.matches, playsinline: true, controls: moves, "aria-label": label })
    : h("img", { alt: label });
  element.muted = true;
  source(file.href).then(link => { element.src = link; }, () => { element.alt = "The file could not be loaded."; });
  return element;
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
      if (this.cloud) [live.turn, live.tilt] = [this.cloud.turn, this.cloud.tilt];
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
    if (/^(video|image)\//.test(file.mediaType)) {
      this.level = level;
      this.main = picture(file, this.prompt, level.file?.frames !== 1);
      this.frame.replaceChildren(this.main);
      this.tools.replaceChildren();
      return;
    }
    const data = await (await get(here(file.href))).arrayBuffer();
    if (this.on !== file.href) return;
    const cloud = new Cloud();
    cloud.show(level.name, readPoints(data, file.mediaType));
    if (this.cloud) [cloud.turn, cloud.tilt, cloud.halted] = [this.cloud.turn, this.cloud.tilt, this.cloud.halted];
    this.cloud = cloud;
    this.frame.replaceChildren(cloud.canvas);
    this.tools.replaceChildren(...this.halt(cloud));
    cloud.play();
  }

  /** Lays another finished level over the one shown; a slider wipes between them. */
  compare(level) {
    const file = media(level);
    if (!this.level || file.href === this.on) return;
    const over = picture(file, `${this.prompt}, level ${level.name}`, false);
    over.classList.add("over");
    const wipe = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": `wipe between ${level.name} and ${this.level.name}` });
    const cut = () => { over.style.clipPath = `inset(0 ${100 - wipe.value}% 0 0)`; };
    wipe.addEventListener("input", cut);
    cut();
    this.frame.replaceChildren(this.main, over);
    this.tools.replaceChildren(h("span", {}, level.name), wipe, h("span", {}, this.level.name));
    if (over instanceof HTMLVideoElement && this.main instanceof HTMLVideoElement) {
      const together = () => { over.currentTime = this.main.currentTime; };
      for (const moment of ["play", "pause", "seeked", "loadeddata"]) this.main.addEventListener(moment, together);
      over.addEventListener("loadeddata", together);
      over.loop = false;
      const follow = () => {
        if (!over.isConnected) return;
        if (Math.abs(over.currentTime - this.main.currentTime) > 0.06) together();
        if (over.paused !== this.main.paused) this.main.paused ? over.pause() : over.play().catch(() => {});
        requestAnimationFrame(follow);
      };
      follow();
    }
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
    name();
    return [button];
  }
}
