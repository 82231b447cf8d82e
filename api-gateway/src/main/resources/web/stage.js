// Draws previews and results: clips from previews of their pieces, and point clouds.

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Calls draw(seconds) before each repaint until the element leaves the page. */
function animate(element, draw) {
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
 */
export class Clip {
  /** @param extents for each level, from the base up: {name, frames, height, width} */
  constructor(extents, fps) {
    this.levels = extents.map(extent => ({ ...extent, pieces: new Map() }));
    this.fps = fps || 8;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "pixels";
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "preview of the clip");
  }

  /** @param segment [[from, to] of frames, of height, of width] */
  async show(levelName, ordinal, segment, sheet) {
    const level = this.levels.find(one => one.name === levelName);
    const picture = await createImageBitmap(new Blob([sheet.bytes], { type: sheet.mediaType }));
    if (!level || !segment) return;
    level.pieces.get(ordinal)?.picture.close();
    level.pieces.set(ordinal, { segment, picture, columns: sheet.columns, frames: sheet.frames });
    this.top = this.levels.reduce((top, one) => (one.pieces.size ? one : top), this.top);
  }

  play() {
    animate(this.canvas, seconds => {
      if (!this.top) return;
      const { frames, width, height } = this.top;
      if (this.canvas.width !== width || this.canvas.height !== height) {
        this.canvas.width = width;
        this.canvas.height = height;
      }
      const frame = still.matches ? 0 : Math.floor(seconds * this.rate()) % frames;
      this.draw(this.levels.indexOf(this.top), frame);
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

/** Draws a point cloud that turns slowly, and that dragging or the arrow keys turn. */
export class Cloud {
  constructor() {
    this.parts = new Map();
    this.turn = 0.6;
    this.tilt = 0.25;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "points";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "point cloud; drag or use the arrow keys to turn it");
    this.listen();
  }

  /** @param points {xyz, rgb}; replace those with the same name */
  show(name, points) {
    this.parts.set(name, points);
    this.gather();
  }

  /** Removes all parts but these. */
  keep(names) {
    for (const name of [...this.parts.keys()]) {
      if (!names.includes(name)) this.parts.delete(name);
    }
    this.gather();
  }

  gather() {
    const parts = [...this.parts.values()];
    const count = parts.reduce((sum, part) => sum + part.xyz.length / 3, 0);
    this.xyz = new Float32Array(count * 3);
    this.colours = new Array(count);
    let at = 0;
    for (const { xyz, rgb } of parts) {
      this.xyz.set(xyz, at * 3);
      for (let i = 0; i < xyz.length / 3; i++) {
        this.colours[at + i] = `rgb(${rgb[3 * i]} ${rgb[3 * i + 1]} ${rgb[3 * i + 2]})`;
      }
      at += xyz.length / 3;
    }
    const low = [Infinity, Infinity, Infinity];
    const high = [-Infinity, -Infinity, -Infinity];
    this.xyz.forEach((value, i) => {
      low[i % 3] = Math.min(low[i % 3], value);
      high[i % 3] = Math.max(high[i % 3], value);
    });
    this.middle = low.map((value, k) => (value + high[k]) / 2);
    this.reach = 1e-6;
    for (let i = 0; i < this.xyz.length; i += 3) {
      const off = this.middle.map((value, k) => this.xyz[i + k] - value);
      this.reach = Math.max(this.reach, Math.hypot(...off));
    }
    this.order = Uint32Array.from({ length: count }, (_, i) => i);
    this.seen = new Float32Array(count * 3);
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", event => {
      this.held = true;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", event => {
      if (event.buttons) this.by(event.movementX * 0.01, event.movementY * 0.01);
    });
    canvas.addEventListener("keydown", event => {
      const step = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
      // With a modifier, arrow keys are shortcuts of the browser, such as going back.
      if (step[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey && !event.isComposing) {
        this.held = true;
        this.by(...step[event.key]);
        event.preventDefault();
      }
    });
  }

  by(turn, tilt) {
    this.turn += turn;
    this.tilt = Math.max(-1.5, Math.min(1.5, this.tilt + tilt));
  }

  play() {
    let before;
    animate(this.canvas, seconds => {
      if (!this.held && !still.matches) this.turn += 0.4 * Math.min(0.1, seconds - (before ?? seconds));
      before = seconds;
      this.draw();
    });
  }

  draw() {
    const { canvas, xyz, seen, order } = this;
    if (!xyz || !canvas.clientWidth) return;
    const side = Math.round(Math.min(canvas.clientWidth, canvas.clientHeight) * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const [sin, cos] = [Math.sin(this.turn), Math.cos(this.turn)];
    const [up, flat] = [Math.sin(this.tilt), Math.cos(this.tilt)];
    const away = 3.2; // the eye's distance from the centre, in radii of the cloud
    const zoom = (side / 2) * 0.95 * Math.sqrt(away * away - 1);
    for (let i = 0; i < order.length; i++) {
      const x = (xyz[3 * i] - this.middle[0]) / this.reach;
      const y = (xyz[3 * i + 1] - this.middle[1]) / this.reach;
      const z = (xyz[3 * i + 2] - this.middle[2]) / this.reach;
      const front = z * cos - x * sin;
      const depth = away - (front * flat + y * up);
      seen[3 * i] = side / 2 + (zoom * (x * cos + z * sin)) / depth;
      seen[3 * i + 1] = side / 2 - (zoom * (y * flat - front * up)) / depth;
      seen[3 * i + 2] = depth;
    }
    order.sort((a, b) => seen[3 * b + 2] - seen[3 * a + 2]);
    const paper = canvas.getContext("2d");
    paper.clearRect(0, 0, side, side);
    const size = (side * 1.6) / Math.sqrt(Math.max(600, order.length));
    for (const i of order) {
      const radius = size / seen[3 * i + 2];
      paper.fillStyle = this.colours[i];
      paper.beginPath();
      paper.arc(seen[3 * i], seen[3 * i + 1], radius, 0, 7);
      paper.fill();
    }
  }
}

/** Reads a preview: a float32 scale, then x, y, z as int16, then red, green, blue as bytes. */
export function readPreview(buffer) {
  const count = Math.floor((buffer.byteLength - 4) / 9);
  const scale = new DataView(buffer).getFloat32(0, true);
  const xyz = Float32Array.from(new Int16Array(buffer, 4, count * 3), value => value * scale);
  return { xyz, rgb: new Uint8Array(buffer, 4 + count * 6, count * 3) };
}

/** Reads the points of a GLB or PLY file. */
export function readPoints(buffer, mediaType) {
  return mediaType === "application/ply" ? readPly(buffer) : readGlb(buffer);
}

/** Reads POSITION and COLOR_0 of the first primitive of a binary glTF 2.0 file. */
function readGlb(buffer) {
  const view = new DataView(buffer);
  const sceneLength = view.getUint32(12, true);
  const scene = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, sceneLength)));
  const bin = 20 + sceneLength + 8;
  const { POSITION, COLOR_0 } = scene.meshes[0].primitives[0].attributes;
  const kinds = { 5121: [1, "getUint8", 255], 5123: [2, "getUint16", 65535], 5126: [4, "getFloat32", 1] };
  const read = (index, values) => {
    const accessor = scene.accessors[index];
    const part = scene.bufferViews[accessor.bufferView];
    const [bytes, get, most] = kinds[accessor.componentType];
    const own = accessor.type === "VEC4" ? 4 : 3;
    const stride = part.byteStride || own * bytes;
    const start = bin + (part.byteOffset || 0) + (accessor.byteOffset || 0);
    const out = new Float32Array(accessor.count * 3);
    for (let i = 0; i < out.length; i++) {
      out[i] = values(view[get](start + Math.floor(i / 3) * stride + (i % 3) * bytes, true) / most);
    }
    return out;
  };
  const xyz = read(POSITION, value => value);
  // COLOR_0 is linear light; screens want sRGB (IEC 61966-2-1).
  const srgb = c => 255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);
  const rgb = COLOR_0 === undefined
    ? new Uint8Array(xyz.length).fill(128)
    : Uint8ClampedArray.from(read(COLOR_0, srgb));
  return { xyz, rgb };
}

/** Reads a binary little-endian PLY with x, y, z as float and red, green, blue as uchar, in order. */
function readPly(buffer) {
  const start = new TextDecoder("latin1").decode(new Uint8Array(buffer, 0, Math.min(4096, buffer.byteLength)));
  const header = start.slice(0, start.indexOf("end_header\n") + 11);
  const count = Number(/element vertex (\d+)/.exec(header)[1]);
  const view = new DataView(buffer, header.length);
  const xyz = new Float32Array(count * 3);
  const rgb = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < 3; k++) {
      xyz[3 * i + k] = view.getFloat32(15 * i + 4 * k, true);
      rgb[3 * i + k] = view.getUint8(15 * i + 12 + k);
    }
  }
  return { xyz, rgb };
}
