package glimt.media;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads the colours of a point cloud that strangers sent: binary glTF 2.0, or the polygon file
 * format in text or binary. Everything else of the file is left out.
 */
public final class CloudFile {
  /** The largest number of points that are read. */
  public static final int MOST = 1 << 20;

  /** The largest file, in bytes. */
  static final int LIMIT = 64 << 20;

  private static final String GLTF = "glTF";
  private static final int JSON = 0x4E4F534A;
  private static final int UINT8 = 5121;
  private static final int UINT16 = 5123;
  private static final int FLOAT32 = 5126;

  private CloudFile() {}

  /**
   * Returns whether a file begins as a cloud's does.
   *
   * @throws IOException if it cannot be read
   */
  public static boolean isOne(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      String head = new String(in.readNBytes(GLTF.length()), StandardCharsets.ISO_8859_1);
      return head.equals(GLTF) || head.startsWith("ply\n") || head.startsWith("ply\r");
    }
  }

  /**
   * Reads the colours of a cloud: three bytes of sRGB for each point, once for each way in which
   * its numbers may be meant. That of glTF's specification is the first.
   *
   * @throws IOException if the file cannot be read
   * @throws MediaException if it is no cloud, has no colours, is too large, or damaged
   */
  public static List<byte[]> colours(Path file) throws IOException {
    if (Files.size(file) > LIMIT) {
      throw new MediaException("the file has more than %s bytes".formatted(LIMIT));
    }
    byte[] bytes = Files.readAllBytes(file);
    try {
      return bytes[0] == 'g'
          ? ofGlb(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN))
          : List.of(PlyReader.colours(bytes));
    } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new MediaException("the cloud is cut off or damaged", e);
    }
  }

  /** Returns how many points a file claims, if that is few enough to be read. */
  static int counted(long points) {
    if (points < 1 || points > MOST) {
      throw new MediaException(
          "the file claims %s points; 1 to %s are read".formatted(points, MOST));
    }
    return (int) points;
  }

  private static List<byte[]> ofGlb(ByteBuffer file) {
    int length = file.getInt(12);
    if (file.getInt(16) != JSON) {
      throw new MediaException("the GLB does not begin with its description");
    }
    JsonNode scene;
    try {
      byte[] json = new byte[length];
      file.get(20, json);
      scene = Json.mapper().readTree(new String(json, StandardCharsets.UTF_8));
    } catch (NegativeArraySizeException | JsonProcessingException e) {
      throw new MediaException("the description of the GLB is damaged", e);
    }
    JsonNode primitive = scene.path("meshes").path(0).path("primitives").path(0);
    JsonNode accessor =
        scene.path("accessors").path(primitive.path("attributes").path("COLOR_0").asInt(-1));
    JsonNode view = scene.path("bufferViews").path(accessor.path("bufferView").asInt(-1));
    int type = accessor.path("componentType").asInt();
    int bytes = type == FLOAT32 ? 4 : type == UINT16 ? 2 : 1;
    if ((bytes == 1 && type != UINT8) || !view.isObject()) {
      throw new MediaException("the first mesh of the GLB has no colours");
    }
    int count = counted(accessor.path("count").asLong());
    int channels = accessor.path("type").asText().equals("VEC4") ? 4 : 3;
    int stride = view.path("byteStride").asInt(channels * bytes);
    long at =
        20L
            + length
            + 8
            + view.path("byteOffset").asLong(0)
            + accessor.path("byteOffset").asLong(0);
    byte[] linear = new byte[3 * count];
    byte[] plain = new byte[3 * count];
    for (int i = 0; i < plain.length; i++) {
      long place = at + (long) (i / 3) * stride + (long) (i % 3) * bytes;
      int from = Math.clamp(place, -1, Integer.MAX_VALUE);
      double value =
          switch (type) {
            case FLOAT32 -> file.getFloat(from);
            case UINT16 -> Short.toUnsignedInt(file.getShort(from)) / 65535.0;
            default -> Byte.toUnsignedInt(file.get(from)) / 255.0;
          };
      linear[i] = level(encoded(value));
      plain[i] = level(value);
    }
    return List.of(linear, plain);
  }

  /** IEC 61966-2-1 (1999): sRGB of linear light. */
  private static double encoded(double linear) {
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.pow(linear, 1 / 2.4) - 0.055;
  }

  /** The level of 255 of a value in [0, 1]. */
  static byte level(double value) {
    return (byte) Math.round(Math.clamp(value, 0, 1) * 255);
  }
}
