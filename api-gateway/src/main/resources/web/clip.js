// Draws previews of a clip or an image while its pieces are being made.

import { still } from "./api.js";

/** Calls draw(seconds) before each repaint until the element leaves the page. */
export function animate(element, draw) {
  const tick = now => {
    if (!element.isConnected) return;
    draw(now / 1000);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

/**
 * Animates a clip that is being made. Each level is cut into pieces, and the newest preview of a
 * piece is a sheet of its frames. It is drawn at the piece's place, over the enlarged level below.
 * An image is a clip of one frame.
 */
export class Clip {
  /** @param extents for each level, from the base up: {name, frames, height, width} */
  constructor(extents, fps) {
    this.levels = extents.map(extent => ({ ...extent, frames: extent.frames ?? 1, pieces: new Map() }));
    this.fps = fps || 8;
    this.halted = still.matches;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "pixels";
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "preview");
  }

  get moves() {
    return this.levels.some(level => level.frames > 1);
  }

  /** @param segment [[from, to] of frames (not of an image), of height, of width] */
  async show(levelName, ordinal, segment, sheet) {
    const level = this.levels.find(one => one.name === levelName);
    const picture = await createImageBitmap(new Blob([sheet.bytes], { type: sheet.mediaType }));
    if (!level || !segment) return;
    level.pieces.get(ordinal)?.picture.close();
    level.pieces.set(ordinal, {
      segment: segment.length === 3 ? segment : [[0, 1], ...segment],
      picture,
      columns: sheet.columns,
      frames: sheet.frames,
    });
    this.top = this.levels.reduce((top, one) => (one.pieces.size ? one : top), this.top);
  }

  play() {
    let at = 0;
    let before;
    animate(this.canvas, seconds => {
      if (!this.halted) at += seconds - (before ?? seconds);
      before = seconds;
      if (!this.top) return;
      const { frames, width, height } = this.top;
      if (this.canvas.width !== width || this.canvas.height !== height) {
        this.canvas.width = width;
        this.canvas.height = height;
      }
      this.draw(this.levels.indexOf(this.top), Math.floor(at * this.rate()) % frames);
    });
  }

  /** Frames per second. A level with fewer frames shows each of them longer. */
  rate() {
    const most = Math.max(...this.levels.map(level => level.frames));
    return (this.fps * this.top.frames) / most;
  }

  draw(index, frame) {
    const level = this.levels[index];
    if (index > 0) {
      const below = this.levels[index - 1];
      this.draw(index - 1, Math.floor((frame * below.frames) / level.frames));
    }
    const paper = this.canvas.getContext("2d");
    paper.imageSmoothingEnabled = true;
    const x = this.canvas.width / level.width;
    const y = this.canvas.height / level.height;
    for (const { segment, picture, columns, frames } of level.pieces.values()) {
      const [[start, end], [top, bottom], [left, right]] = segment;
      if (frame < start || frame >= end) continue;
      const wide = picture.width / columns;
      const high = picture.height / Math.ceil(frames / columns);
      const cell = Math.floor(((frame - start) * frames) / (end - start));
      paper.drawImage(
        picture, (cell % columns) * wide, Math.floor(cell / columns) * high, wide, high,
        left * x, top * y, (right - left) * x, (bottom - top) * y);
    }
  }
}
