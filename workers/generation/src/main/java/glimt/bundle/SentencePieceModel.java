package glimt.bundle;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The content of a {@code spiece.model}: the protocol buffer {@code ModelProto} in which
 * SentencePiece stores a unigram vocabulary (Kudo &amp; Richardson 2018). Only the fields that
 * tokenizing a prompt needs are parsed.
 *
 * @param pieces the vocabulary in the order of the ids
 * @param byteFallback whether a character without a piece is encoded as bytes
 * @param characters SentencePiece's compiled table of character normalisations
 */
record SentencePieceModel(List<Subword> pieces, boolean byteFallback, byte[] characters) {
  /** The type of the piece that replaces unknown text. */
  static final int UNKNOWN = 2;

  /** The type of a piece that occurs in no text, such as padding or the end of a text. */
  static final int CONTROL = 3;

  private static final int UNIGRAM = 1;

  /**
   * An entry of the vocabulary.
   *
   * @param score its log probability
   * @param type {@link #UNKNOWN}, {@link #CONTROL}, or another number for ordinary text
   */
  record Subword(String text, float score, int type) {}

  /**
   * Parses the file.
   *
   * @param file the name of the file, for error messages
   * @throws BundleException if it is not a SentencePiece model, or its vocabulary is not a unigram
   *     vocabulary
   */
  static SentencePieceModel parse(String file, byte[] bytes) {
    List<Subword> pieces = new ArrayList<>();
    boolean byteFallback = false;
    byte[] characters = {};
    try {
      for (ProtoField field : ProtoField.of(ByteBuffer.wrap(bytes))) {
        switch (field.number()) {
          case 1 -> pieces.add(piece(field.bytes()));
          case 2 -> {
            for (ProtoField trained : ProtoField.of(field.bytes())) {
              if (trained.number() == 3 && trained.value() != UNIGRAM) {
                throw new BundleException(
                    file
                        + " is not a unigram vocabulary, the only SentencePiece type that glimt"
                        + " reads");
              }
              byteFallback |= trained.number() == 35 && trained.value() != 0;
            }
          }
          case 3 -> {
            for (ProtoField normal : ProtoField.of(field.bytes())) {
              characters = normal.number() == 2 ? rest(normal.bytes()) : characters;
            }
          }
          default -> {} // fields that tokenizing does not need
        }
      }
    } catch (RuntimeException broken) {
      throw broken instanceof BundleException said
          ? said
          : new BundleException(file + " is not a SentencePiece model: " + broken, broken);
    }
    if (pieces.isEmpty()) {
      throw new BundleException(file + " is not a SentencePiece model: it has no pieces");
    }
    return new SentencePieceModel(List.copyOf(pieces), byteFallback, characters);
  }

  private static Subword piece(ByteBuffer message) {
    String text = "";
    float score = 0;
    int type = 1;
    for (ProtoField field : ProtoField.of(message)) {
      switch (field.number()) {
        case 1 -> text = new String(rest(field.bytes()), StandardCharsets.UTF_8);
        case 2 -> score = field.bytes().getFloat(field.bytes().position());
        case 3 -> type = Math.toIntExact(field.value());
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
}
