// Reads point clouds: previews, GLB and PLY files.

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
