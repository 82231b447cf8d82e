package glimt.deploy.models;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * Writes files of random weights, tensor by tensor, so that their size is no matter of memory. They
 * keep the size of what passes them about the same: scales of norms are 1, shifts and biases 0, and
 * other values normal with the variance 1 / n for n inputs of a layer.
 */
final class RandomWeights {
  private static final JsonMapper JSON = new JsonMapper();

  /** How many normals are drawn. As it is prime, the rows of a matrix differ all the same. */
  private static final int DRAWN = 65_521;

  private final StoredFormat format;
  private final float[] normals = new float[DRAWN];

  /** The format of the values, both of two bytes. */
  enum StoredFormat {
    F16,
    BF16;

    short of(float value) {
      return this == F16
          ? Float.floatToFloat16(value)
          : (short) (Float.floatToRawIntBits(value) >>> 16);
    }
  }

  RandomWeights(StoredFormat format) {
    this.format = format;
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < DRAWN; i++) {
      normals[i] = (float) random.nextGaussian();
    }
  }

  /** Writes a safetensors file, whose folder is made if it is not there. */
  void write(Path file, Map<String, List<Long>> shapes) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    ObjectNode header = JSON.createObjectNode();
    long end = 0;
    for (Map.Entry<String, List<Long>> one : shapes.entrySet()) {
      ObjectNode entry = header.putObject(one.getKey()).put("dtype", format.name());
      one.getValue().forEach(entry.putArray("shape")::add);
      entry.putArray("data_offsets").add(end).add(end += 2 * TensorShapes.count(one.getValue()));
    }
    String json = header.toString();
    // The values begin at a multiple of eight bytes, as in published files.
    byte[] text = (json + " ".repeat(-json.length() & 7)).getBytes(StandardCharsets.US_ASCII);
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      fully(
          out,
          ByteBuffer.allocate(8 + text.length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(text.length)
              .put(text)
              .flip());
      for (Map.Entry<String, List<Long>> one : shapes.entrySet()) {
        values(out, one.getKey(), one.getValue());
      }
    }
  }

  private void values(FileChannel out, String name, List<Long> shape) throws IOException {
    ByteBuffer part = ByteBuffer.allocateDirect(2 * DRAWN).order(ByteOrder.LITTLE_ENDIAN);
    boolean scale = name.endsWith("gamma") || (shape.size() == 1 && name.endsWith("weight"));
    long count = TensorShapes.count(shape);
    float deviation = (float) Math.sqrt((double) shape.getFirst() / count);
    for (float normal : normals) {
      part.putShort(format.of(scale ? 1 : shape.size() == 1 ? 0 : deviation * normal));
    }
    for (long left = count; left > 0; left -= DRAWN) {
      fully(out, part.rewind().limit((int) Math.min(2 * left, 2L * DRAWN)));
    }
  }

  private static void fully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
