package glimt.training.words;

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
 * onnx.proto3 (ONNX 1.16); the encoding is protocol buffers'.
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

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int DELIMITED = 2;
  private static final int FIXED32 = 5;

  /** The types of weights that are read, by the numbers that the file uses. */
  enum Type {
    FLOAT(1, 4),
    UINT8(2, 1),
    INT8(3, 1);

    private final int number;
    private final int bytes;

    Type(int number, int bytes) {
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
  record Initialiser(Type type, List<Long> shape, ByteBuffer values) {
    float[] floats() {
      float[] floats = new float[values.remaining() / Type.FLOAT.bytes];
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
      for (Field field : fields(ByteBuffer.wrap(file))) {
        if (field.number == MODEL_GRAPH) {
          for (Field inner : fields(field.bytes)) {
            if (inner.number == GRAPH_INITIALISER) {
              initialiser(inner.bytes, found);
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
    for (Field field : fields(tensor)) {
      switch (field.number) {
        case TENSOR_DIMENSION -> shape.addAll(field.integers());
        case TENSOR_TYPE -> type = field.value;
        case TENSOR_NAME -> name = StandardCharsets.UTF_8.decode(field.bytes).toString();
        case TENSOR_FLOATS, TENSOR_RAW -> values = field.bytes;
        case TENSOR_INTEGERS -> field.integers().forEach(i -> small.add(i.byteValue()));
        default -> {}
      }
    }
    if (!small.isEmpty()) {
      values = ByteBuffer.allocate(small.size());
      small.forEach(values::put);
      values.flip();
    }
    for (Type one : Type.values()) {
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

  /**
   * A field of a message.
   *
   * @param value the value of an integer
   * @param bytes the bytes of anything else
   */
  private record Field(int number, int wire, long value, ByteBuffer bytes) {
    /** The values of a repeated integer, packed or one by one. */
    List<Long> integers() {
      if (wire == VARINT) {
        return List.of(value);
      }
      List<Long> integers = new ArrayList<>();
      while (bytes.hasRemaining()) {
        integers.add(varint(bytes));
      }
      return integers;
    }
  }

  private static List<Field> fields(ByteBuffer message) {
    List<Field> fields = new ArrayList<>();
    while (message.hasRemaining()) {
      long key = varint(message);
      int wire = (int) (key & 7);
      long value = wire == VARINT ? varint(message) : 0;
      int length =
          switch (wire) {
            case VARINT -> 0;
            case FIXED64 -> 8;
            case DELIMITED -> Math.toIntExact(varint(message));
            case FIXED32 -> 4;
            default -> throw new IllegalArgumentException("there is no wire type " + wire);
          };
      ByteBuffer bytes = message.slice(message.position(), length);
      message.position(message.position() + length);
      fields.add(new Field(Math.toIntExact(key >>> 3), wire, value, bytes));
    }
    return fields;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("an integer is longer than 64 bits");
  }
}
