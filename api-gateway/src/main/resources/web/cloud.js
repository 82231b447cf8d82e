// Draws point clouds with three.js: discs whose size falls with distance, and eye-dome lighting.

import * as THREE from "./three.module.min.js";
import { still } from "./api.js";
import { animate } from "./clip.js";

/** The distance of the eye from the centre, in radii of the cloud. */
const AWAY = 3.2;
/** How often as large a cloud can be seen. */
const NEAREST = 8;
const VIEW = 2 * Math.asin(1 / AWAY) * (180 / Math.PI) * 1.04;

/**
 * Shades points by the depth around them alone, as they have no normals: a pixel is darker the
 * farther it lies behind its neighbours. Boucheny, "Interactive scientific visualization of large
 * datasets" (2009), eye-dome lighting.
 */
const SHADE = `
  uniform sampler2D colours;
  uniform sampler2D depths;
  uniform vec2 step;
  varying vec2 at;
  const float NEAR = ${(AWAY - 1.5).toFixed(2)};
  const float FAR = ${(AWAY + 1.5).toFixed(2)};
  float depth(vec2 where) {
    float z = texture2D(depths, where).x;
    return z == 1.0 ? 0.0 : log2(NEAR * FAR / (FAR - z * (FAR - NEAR)));
  }
  void main() {
    vec4 colour = texture2D(colours, at);
    float own = depth(at);
    float behind = 0.0;
    for (int i = 0; i < 8; i++) {
      float turn = 0.785398 * float(i);
      float other = depth(at + step * vec2(cos(turn), sin(turn)));
      if (other != 0.0) behind += max(0.0, own - other);
    }
    gl_FragColor = vec4(colour.rgb * exp(-5.0 * behind / 8.0), 1.0) * colour.a;
  }`;

/** One WebGL context draws all clouds of the page, as browsers allow only a few. */
class Painter {
  constructor() {
    this.renderer = new THREE.WebGLRenderer({ alpha: true, antialias: false });
    this.renderer.setClearColor(0, 0);
    this.target = new THREE.WebGLRenderTarget(1, 1, { depthTexture: new THREE.DepthTexture(1, 1) });
    this.camera = new THREE.PerspectiveCamera(VIEW, 1, AWAY - 1.5, AWAY + 1.5);
    this.discs = new THREE.ShaderMaterial({
      uniforms: { size: { value: 1 } },
      vertexColors: true,
      vertexShader: `
        uniform float size;
        varying vec3 shown;
        void main() {
          vec4 eye = modelViewMatrix * vec4(position, 1.0);
          shown = color;
          gl_PointSize = size / -eye.z;
          gl_Position = projectionMatrix * eye;
        }`,
      fragmentShader: `
        varying vec3 shown;
        void main() {
          vec2 off = 2.0 * gl_PointCoord - 1.0;
          if (dot(off, off) > 1.0) discard;
          gl_FragColor = vec4(shown, 1.0);
        }`,
    });
    this.shade = new THREE.ShaderMaterial({
      uniforms: {
        colours: { value: this.target.texture },
        depths: { value: this.target.depthTexture },
        step: { value: new THREE.Vector2() },
      },
      transparent: true,
      premultipliedAlpha: true,
      depthTest: false,
      vertexShader: "varying vec2 at; void main() { at = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }",
      fragmentShader: SHADE,
    });
    this.sheet = new THREE.Scene().add(new THREE.Mesh(new THREE.PlaneGeometry(2, 2), this.shade));
  }

  /** Draws a cloud on a canvas of as many pixels a side. */
  draw(cloud, canvas, side) {
    const { renderer, target, camera } = this;
    if (target.width !== side) {
      renderer.setSize(side, side, false);
      target.setSize(side, side);
      this.shade.uniforms.step.value.setScalar(Math.max(1, side / 600) / side);
    }
    const [flat, up] = [Math.cos(cloud.pose.tilt), Math.sin(cloud.pose.tilt)];
    camera.position.set(AWAY * flat * -Math.sin(cloud.pose.turn), AWAY * up, AWAY * flat * Math.cos(cloud.pose.turn));
    camera.lookAt(0, 0, 0);
    camera.zoom = cloud.pose.zoom;
    camera.updateProjectionMatrix();
    this.discs.uniforms.size.value = (side * 3.4 * cloud.pose.zoom) / Math.sqrt(Math.max(600, cloud.count));
    cloud.points.material = this.discs;
    renderer.setRenderTarget(target);
    renderer.clear();
    renderer.render(cloud.scene, camera);
    renderer.setRenderTarget(null);
    renderer.clear();
    renderer.render(this.sheet, camera);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const paper = canvas.getContext("2d");
    paper.clearRect(0, 0, side, side);
    paper.drawImage(renderer.domElement, 0, 0);
  }
}

let painter;

/** The page's painter, or null where the browser has no WebGL. */
function paint() {
  if (painter === undefined) {
    try {
      painter = new Painter();
    } catch {
      painter = null;
    }
  }
  return painter;
}

/** A point cloud that turns slowly; dragging and the arrow keys turn it, two fingers and + and − enlarge it. */
export class Cloud {
  constructor() {
    this.parts = new Map();
    /** How it is seen: angles in radians, how large, and whether it stands still. Clouds may share it. */
    this.pose = { turn: 0.6, tilt: 0.25, zoom: 1, halted: still.matches };
    this.moves = true;
    this.count = 0;
    this.scene = new THREE.Scene();
    this.canvas = document.createElement("canvas");
    this.canvas.className = "points";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "point cloud; drag or use the arrow keys to turn it, pinch or use plus and minus to enlarge it");
    this.listen();
  }

  get halted() {
    return this.pose.halted;
  }

  set halted(halted) {
    this.pose.halted = halted;
  }

  /** Is seen as another cloud is, from now on: when one turns, the other does. */
  turnWith(other) {
    this.pose = other.pose;
    this.led = true;
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
    this.count = parts.reduce((sum, part) => sum + part.xyz.length / 3, 0);
    const xyz = new Float32Array(this.count * 3);
    const rgb = new Uint8Array(this.count * 3);
    let at = 0;
    for (const part of parts) {
      xyz.set(part.xyz, at);
      rgb.set(part.rgb, at);
      at += part.xyz.length;
    }
    this.points?.geometry.dispose();
    const geometry = new THREE.BufferGeometry()
      .setAttribute("position", new THREE.BufferAttribute(xyz, 3))
      .setAttribute("color", new THREE.BufferAttribute(rgb, 3, true));
    geometry.computeBoundingBox();
    const middle = geometry.boundingBox.getCenter(new THREE.Vector3());
    geometry.translate(-middle.x, -middle.y, -middle.z);
    const reach = Math.max(1e-6, farthest(xyz));
    geometry.scale(1 / reach, 1 / reach, 1 / reach);
    this.points = new THREE.Points(geometry);
    this.points.frustumCulled = false;
    this.scene.clear().add(this.points);
  }

  listen() {
    const { canvas } = this;
    const fingers = new Map();
    const apart = () => {
      const [one, other] = [...fingers.values()];
      return Math.hypot(one.x - other.x, one.y - other.y);
    };
    canvas.addEventListener("pointerdown", event => {
      this.halted = true;
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    canvas.addEventListener("pointermove", event => {
      const finger = fingers.get(event.pointerId);
      if (!finger) return;
      const before = fingers.size === 2 ? apart() : 0;
      const [x, y] = [event.clientX - finger.x, event.clientY - finger.y];
      Object.assign(finger, { x: event.clientX, y: event.clientY });
      if (before) this.enlarge(apart() / before);
      else if (fingers.size === 1) this.by((x * 0.01) / this.pose.zoom, (y * 0.01) / this.pose.zoom);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, event => fingers.delete(event.pointerId));
    }
    // The page scrolls by one finger, and not by two.
    for (const touch of ["touchstart", "touchmove"]) {
      canvas.addEventListener(touch, event => { if (event.touches.length > 1) event.preventDefault(); }, { passive: false });
    }
    // The wheel scrolls the page; with Ctrl, and by two fingers on a touchpad, it would enlarge it.
    canvas.addEventListener("wheel", event => {
      if (!event.ctrlKey) return;
      this.enlarge(Math.exp(-0.01 * event.deltaY));
      event.preventDefault();
    }, { passive: false });
    canvas.addEventListener("keydown", event => {
      const modified = event.altKey || event.ctrlKey || event.metaKey || event.isComposing;
      const times = { "+": 1.25, "=": 1.25, "-": 0.8, 0: 1 / this.pose.zoom };
      if (times[event.key] && !modified) {
        this.enlarge(times[event.key]);
        event.preventDefault();
      }
      const step = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
      // With a modifier, arrow keys are shortcuts of the browser, such as going back.
      if (step[event.key] && !modified) {
        this.halted = true;
        this.by(...step[event.key]);
        event.preventDefault();
      }
    });
  }

  by(turn, tilt) {
    this.pose.turn += turn;
    this.pose.tilt = Math.max(-1.5, Math.min(1.5, this.pose.tilt + tilt));
  }

  enlarge(times) {
    this.pose.zoom = Math.max(1, Math.min(NEAREST, this.pose.zoom * times));
  }

  play() {
    let before;
    animate(this.canvas, seconds => {
      if (!this.halted && !this.led) this.pose.turn += 0.4 * Math.min(0.1, seconds - (before ?? seconds));
      before = seconds;
      const side = Math.round(Math.min(this.canvas.clientWidth, this.canvas.clientHeight) * devicePixelRatio);
      if (side && this.points) this.drawOn(this.canvas, side);
    });
  }

  /** Draws the cloud as it stands on a canvas of as many pixels a side. */
  drawOn(canvas, side) {
    if (paint()) return paint().draw(this, canvas, side);
    canvas.width = canvas.height = side;
    const paper = canvas.getContext("2d");
    paper.font = `${Math.max(12, side / 28)}px sans-serif`;
    paper.textAlign = "center";
    paper.fillStyle = getComputedStyle(canvas).color;
    paper.fillText("This browser has no WebGL to draw points.", side / 2, side / 2);
    return undefined;
  }
}

/** The distance of the farthest point from the origin. */
function farthest(xyz) {
  let most = 0;
  for (let i = 0; i < xyz.length; i += 3) most = Math.max(most, Math.hypot(xyz[i], xyz[i + 1], xyz[i + 2]));
  return most;
}
