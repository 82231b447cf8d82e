package glimt.bundle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A field of a message in the wire format of protocol buffers (protobuf.dev, "Encoding"), in which
 * SentencePiece and ONNX files are written.
 *
 * @param number the number of the field in its message
 * @param packed whether {@code bytes} holds the field, rather than {@code value}
 * @param value an integer
 * @param bytes a string, a nested message, a list of numbers, or the little-endian bytes of one
 *     number of fixed length
 */
public record ProtoField(int number, boolean packed, long value, ByteBuffer bytes) {
  private static final ByteBuffer NONE = ByteBuffer.allocate(0).asReadOnlyBuffer();

  /**
   * The fields of a message, in the order of its bytes.
   *
   * @throws RuntimeException if it is not a message
   */
  public static List<ProtoField> of(ByteBuffer message) {
    ByteBuffer in = message.duplicate();
    List<ProtoField> fields = new ArrayList<>();
    while (in.hasRemaining()) {
      long tag = varint(in);
      int number = Math.toIntExact(tag >>> 3);
      int kind = (int) (tag & 7);
      switch (kind) {
        case 0 -> fields.add(new ProtoField(number, false, varint(in), NONE));
        case 1 -> fields.add(new ProtoField(number, true, 0, slice(in, 8)));
        case 2 ->
            fields.add(new ProtoField(number, true, 0, slice(in, Math.toIntExact(varint(in)))));
        case 5 -> fields.add(new ProtoField(number, true, 0, slice(in, 4)));
        default -> throw new IllegalArgumentException("unknown wire type " + kind);
      }
    }
    return fields;
  }

  /** The values of a repeated integer, which may stand in one field or in a field each. */
  public List<Long> integers() {
    if (!packed) {
      return List.of(value);
    }
    ByteBuffer in = bytes.duplicate();
    List<Long> integers = new ArrayList<>();
    while (in.hasRemaining()) {
      integers.add(varint(in));
    }
    return integers;
  }

  private static ByteBuffer slice(ByteBuffer in, int length) {
    ByteBuffer slice = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + length);
    return slice;
  }

  /**
   * Reads a base-128 number: seven bits per byte, least significant first; a set highest bit means
   * that more bytes follow.
   */
  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a varint is longer than ten bytes");
  }
}
