package glimt.media;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Writes binary glTF 2.0 with a single primitive of points (Khronos, glTF 2.0 specification, 3.7.2
 * and 4.4): 24 bytes per point, first the coordinates of all points and then their colours.
 *
 * <p>The attribute COLOR_0 is linear light. Eight bits of linear light would lose the dark half of
 * sRGB, and some readers misinterpret normalized 16-bit numbers (trimesh as bytes, old assimp
 * without normalization). Colours are therefore float32, which all readers support and which
 * preserves every sRGB byte.
 */
final class Glb {

  private static final int MAGIC = 0x46546C67;
  private static final int JSON = 0x4E4F534A;
  private static final int BIN = 0x004E4942;

  private static final float[] LINEAR = new float[256];

  static {
    for (int i = 0; i < LINEAR.length; i++) {
      double encoded = i / 255.0; // IEC 61966-2-1 (1999)
      double linear =
          encoded <= 0.04045 ? encoded / 12.92 : StrictMath.pow((encoded + 0.055) / 1.055, 2.4);
      LINEAR[i] = (float) linear;
    }
  }

  private Glb() {}

  static byte[] bytes(PointCloud cloud) {
    int points = cloud.size();
    byte[] scene = padded(scene(cloud).getBytes(StandardCharsets.US_ASCII));
    int size = 12 + 8 + scene.length + 8 + 24 * points;
    var file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(MAGIC).putInt(2).putInt(size);
    file.putInt(scene.length).putInt(JSON).put(scene);
    file.putInt(24 * points).putInt(BIN);
    for (float coordinate : cloud.xyz()) {
      file.putFloat(coordinate);
    }
    for (byte colour : cloud.rgb()) {
      file.putFloat(LINEAR[colour & 0xff]);
    }
    return file.array();
  }

  private static String scene(PointCloud cloud) {
    int points = cloud.size();
    return """
    {"asset":{"version":"2.0","generator":"glimt"},\
    "extensionsUsed":["KHR_materials_unlit"],\
    "scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],\
    "materials":[{"extensions":{"KHR_materials_unlit":{}}}],\
    "meshes":[{"primitives":[{"mode":0,"material":0,"attributes":{"POSITION":0,"COLOR_0":1}}]}],\
    "buffers":[{"byteLength":%s}],\
    "bufferViews":[{"buffer":0,"byteOffset":0,"byteLength":%s,"target":34962},\
    {"buffer":0,"byteOffset":%s,"byteLength":%s,"target":34962}],\
    "accessors":[{"bufferView":0,"componentType":5126,"count":%s,"type":"VEC3","min":%s,"max":%s},\
    {"bufferView":1,"componentType":5126,"count":%s,"type":"VEC3"}]}\
    """
        .formatted(
            24 * points,
            12 * points,
            12 * points,
            12 * points,
            points,
            exact(cloud.lowest()),
            exact(cloud.highest()),
            points);
  }

  /**
   * Formats floats with the exact decimal digits of their double value, because validators compare
   * them as doubles.
   */
  private static String exact(float[] values) {
    return IntStream.range(0, values.length)
        .mapToObj(i -> Double.toString(values[i]))
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static byte[] padded(byte[] json) {
    byte[] all = Arrays.copyOf(json, (json.length + 3) & ~3);
    Arrays.fill(all, json.length, all.length, (byte) ' ');
    return all;
  }
}
