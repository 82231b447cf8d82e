package glimt.bundle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What is in a {@code spiece.model}, the protocol buffer in which SentencePiece keeps a unigram
 * vocabulary (Kudo &amp; Richardson 2018): its {@code ModelProto}, of which only what reading a
 * prompt needs is read.
 *
 * @param pieces by their ids
 * @param byteFallback whether a character without a piece is spelt in bytes
 * @param characters how characters are normalised, SentencePiece's compiled table
 */
record SentencePieceModel(List<Subword> pieces, boolean byteFallback, byte[] characters) {
  /** A piece that stands for whatever has none. */
  static final int UNKNOWN = 2;

  /** A piece that no text has: padding, an end. */
  static final int CONTROL = 3;

  private static final int UNIGRAM = 1;

  /**
   * @param type {@link #UNKNOWN}, {@link #CONTROL}, or one of a text
   */
  record Subword(String text, float score, int type) {}

  /** A field of a message: a number, or the bytes of a text or a message. */
  private record Field(int number, long value, ByteBuffer bytes) {}

  /**
   * @param file named in errors
   * @throws BundleException if it is no such file, or of another kind than unigram
   */
  static SentencePieceModel parse(String file, byte[] bytes) {
    List<Subword> pieces = new ArrayList<>();
    boolean byteFallback = false;
    byte[] characters = {};
    try {
      for (Field field : fields(ByteBuffer.wrap(bytes))) {
        switch (field.number) {
          case 1 -> pieces.add(piece(field.bytes));
          case 2 -> {
            for (Field trained : fields(field.bytes)) {
              if (trained.number == 3 && trained.value != UNIGRAM) {
                throw new BundleException(file + " holds no unigram vocabulary");
              }
              byteFallback |= trained.number == 35 && trained.value != 0;
            }
          }
          case 3 -> {
            for (Field normal : fields(field.bytes)) {
              characters = normal.number == 2 ? rest(normal.bytes) : characters;
            }
          }
          default -> {} // what nobody needs here
        }
      }
    } catch (RuntimeException broken) {
      throw broken instanceof BundleException said
          ? said
          : new BundleException(file + " is no SentencePiece model: " + broken, broken);
    }
    if (pieces.isEmpty()) {
      throw new BundleException(file + " is no SentencePiece model: it has no pieces");
    }
    return new SentencePieceModel(List.copyOf(pieces), byteFallback, characters);
  }

  private static Subword piece(ByteBuffer message) {
    String text = "";
    float score = 0;
    int type = 1;
    for (Field field : fields(message)) {
      switch (field.number) {
        case 1 -> text = new String(rest(field.bytes), StandardCharsets.UTF_8);
        case 2 -> score = field.bytes.getFloat(field.bytes.position());
        case 3 -> type = Math.toIntExact(field.value);
        default -> {}
      }
    }
    return new Subword(text, score, type);
  }

  private static byte[] rest(ByteBuffer bytes) {
    byte[] out = new byte[bytes.remaining()];
    bytes.get(bytes.position(), out);
    return out;
  }

  /** The fields of a message, in the wire format of protocol buffers. */
  private static List<Field> fields(ByteBuffer message) {
    ByteBuffer in = message.duplicate();
    List<Field> fields = new ArrayList<>();
    while (in.hasRemaining()) {
      long tag = varint(in);
      int number = Math.toIntExact(tag >>> 3);
      int kind = (int) (tag & 7);
      switch (kind) {
        case 0 -> fields.add(new Field(number, varint(in), ByteBuffer.allocate(0)));
        case 1 -> fields.add(new Field(number, 0, slice(in, 8)));
        case 2 -> fields.add(new Field(number, 0, slice(in, Math.toIntExact(varint(in)))));
        case 5 -> fields.add(new Field(number, 0, slice(in, 4)));
        default -> throw new IllegalArgumentException("a field is of kind " + kind);
      }
    }
    return fields;
  }

  private static ByteBuffer slice(ByteBuffer in, int length) {
    ByteBuffer slice = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + length);
    return slice;
  }

  /** Seven bits a byte, the least first; the highest bit says that more follow. */
  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number has no end");
  }
}
