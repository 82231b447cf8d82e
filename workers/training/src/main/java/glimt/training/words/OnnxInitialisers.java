package glimt.training.words;

import glimt.bundle.ProtoField;
import glimt.training.recipe.TrainingException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the weights of an ONNX file: the initialisers of its graph. The computation itself is
 * skipped, and so is everything else that weights do not need. Field numbers and types are those of
 * onnx.proto3 (ONNX 1.16).
 */
final class OnnxInitialisers {
  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_INITIALISER = 5;
  private static final int TENSOR_DIMENSION = 1;
  private static final int TENSOR_TYPE = 2;
  private static final int TENSOR_FLOATS = 4;
  private static final int TENSOR_INTEGERS = 5;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW = 9;

  /** The types of weights that are read, by the numbers that the file uses. */
  enum WeightType {
    FLOAT(1, 4),
    UINT8(2, 1),
    INT8(3, 1);

    private final int number;
    private final int bytes;

    WeightType(int number, int bytes) {
      this.number = number;
      this.bytes = bytes;
    }
  }

  /**
   * An initialiser.
   *
   * @param shape its extents; empty for a scalar
   * @param values the values, row-major: little-endian float32, or a byte each
   */
  record Initialiser(WeightType type, List<Long> shape, ByteBuffer values) {
    float[] floats() {
      float[] floats = new float[values.remaining() / WeightType.FLOAT.bytes];
      values.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
      return floats;
    }

    byte[] bytes() {
      byte[] bytes = new byte[values.remaining()];
      values.duplicate().get(bytes);
      return bytes;
    }
  }

  private OnnxInitialisers() {}

  /**
   * Reads all initialisers of the types above, in the order of the file.
   *
   * @throws TrainingException if the file is damaged
   */
  static Map<String, Initialiser> read(byte[] file) {
    Map<String, Initialiser> found = new LinkedHashMap<>();
    try {
      for (ProtoField field : ProtoField.of(ByteBuffer.wrap(file))) {
        if (field.number() == MODEL_GRAPH) {
          for (ProtoField inner : ProtoField.of(field.bytes())) {
            if (inner.number() == GRAPH_INITIALISER) {
              initialiser(inner.bytes(), found);
            }
          }
        }
      }
    } catch (RuntimeException broken) {
      throw new TrainingException("the ONNX file is damaged: " + broken, broken);
    }
    if (found.isEmpty()) {
      throw new TrainingException("the ONNX file has no weights; it may be damaged");
    }
    return found;
  }

  private static void initialiser(ByteBuffer tensor, Map<String, Initialiser> found) {
    List<Long> shape = new ArrayList<>();
    List<Byte> small = new ArrayList<>();
    String name = "";
    long type = 0;
    ByteBuffer values = ByteBuffer.allocate(0);
    for (ProtoField field : ProtoField.of(tensor)) {
      switch (field.number()) {
        case TENSOR_DIMENSION -> shape.addAll(field.integers());
        case TENSOR_TYPE -> type = field.value();
        case TENSOR_NAME -> name = StandardCharsets.UTF_8.decode(field.bytes()).toString();
        case TENSOR_FLOATS, TENSOR_RAW -> values = field.bytes();
        case TENSOR_INTEGERS -> field.integers().forEach(i -> small.add(i.byteValue()));
        default -> {}
      }
    }
    if (!small.isEmpty()) {
      values = ByteBuffer.allocate(small.size());
      small.forEach(values::put);
      values.flip();
    }
    for (WeightType one : WeightType.values()) {
      if (one.number == type) {
        long count = shape.stream().reduce(1L, Math::multiplyExact);
        if (count * one.bytes != values.remaining()) {
          throw new IllegalArgumentException(
              "%s of shape %s has %s bytes".formatted(name, shape, values.remaining()));
        }
        found.put(name, new Initialiser(one, List.copyOf(shape), values));
      }
    }
  }
}
