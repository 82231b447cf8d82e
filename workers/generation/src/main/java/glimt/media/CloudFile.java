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

/**
 * Reads the coordinates of a point cloud that strangers sent: binary glTF 2.0, or the polygon file
 * format in text or binary. Colours, faces and everything else of the file are left out.
 */
public final class CloudFile {
  /** The largest number of points that are read. */
  public static final int MOST = 1 << 20;

  /** The largest file, in bytes. */
  static final int LIMIT = 64 << 20;

  private static final String GLTF = "glTF";
  private static final int JSON = 0x4E4F534A;
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
   * Reads the coordinates of a cloud: x, y and z of each point in turn.
   *
   * @throws IOException if the file cannot be read
   * @throws MediaException if it is no cloud, too large, or damaged
   */
  public static float[] read(Path file) throws IOException {
    if (Files.size(file) > LIMIT) {
      throw new MediaException("the file has more than %s bytes".formatted(LIMIT));
    }
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[] xyz;
    try {
      xyz = bytes.get(0) == 'g' ? ofGlb(bytes) : PlyReader.read(bytes);
    } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new MediaException("the cloud is cut off or damaged", e);
    }
    for (float value : xyz) {
      if (!Float.isFinite(value)) {
        throw new MediaException("the cloud has a coordinate that is no finite number");
      }
    }
    return xyz;
  }

  /** Returns how many points a file claims, if that is few enough to be read. */
  static int counted(long points) {
    if (points < 1 || points > MOST) {
      throw new MediaException(
          "the file claims %s points; 1 to %s are read".formatted(points, MOST));
    }
    return (int) points;
  }

  private static float[] ofGlb(ByteBuffer file) {
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
        scene.path("accessors").path(primitive.path("attributes").path("POSITION").asInt(-1));
    JsonNode view = scene.path("bufferViews").path(accessor.path("bufferView").asInt(-1));
    if (accessor.path("componentType").asInt() != FLOAT32
        || !accessor.path("type").asText().equals("VEC3")
        || !view.isObject()) {
      throw new MediaException("the first mesh of the GLB has no points of float32");
    }
    int count = counted(accessor.path("count").asLong());
    int stride = view.path("byteStride").asInt(3 * Float.BYTES);
    long at =
        20L
            + length
            + 8
            + view.path("byteOffset").asLong(0)
            + accessor.path("byteOffset").asLong(0);
    float[] xyz = new float[3 * count];
    for (int i = 0; i < xyz.length; i++) {
      long place = at + (long) (i / 3) * stride + (long) (i % 3) * Float.BYTES;
      xyz[i] = file.getFloat((int) Math.min(place, Integer.MAX_VALUE));
    }
    return xyz;
  }
}
