package glimt.gateway;

import glimt.job.InvalidSpec;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the text of a request. It is UTF-8 (RFC 8259, section 8.1) unless its Content-Type or a
 * byte order mark says otherwise. Bytes that cannot be decoded are refused, never replaced.
 */
final class Text {
  private static final String USUAL = "utf-8";

  private static final Map<String, Charset> KNOWN =
      Map.of(
          USUAL,
          StandardCharsets.UTF_8,
          "utf8",
          StandardCharsets.UTF_8,
          "us-ascii",
          StandardCharsets.US_ASCII,
          "iso-8859-1",
          StandardCharsets.ISO_8859_1,
          "latin1",
          StandardCharsets.ISO_8859_1,
          "utf-16",
          StandardCharsets.UTF_16,
          "utf-16le",
          StandardCharsets.UTF_16LE,
          "utf-16be",
          StandardCharsets.UTF_16BE);

  private static final Pattern CHARSET =
      Pattern.compile(";\\s*charset\\s*=\\s*\"?([^\";\\s]*)\"?", Pattern.CASE_INSENSITIVE);

  private static final String MARK = "\uFEFF";
  private static final String UNREADABLE = "\uFFFD";

  private Text() {}

  /** The charset that a Content-Type names, in lower case; {@code utf-8} if it names none. */
  static String charset(@Nullable String contentType) {
    Matcher named = CHARSET.matcher(contentType == null ? "" : contentType);
    return named.find() ? named.group(1).toLowerCase(Locale.ROOT) : USUAL;
  }

  /**
   * Decodes a body.
   *
   * @param charset the name that the Content-Type gives; a byte order mark takes precedence
   * @throws Problem.Refusal if the charset is unsupported or the bytes are not valid in it
   */
  static String of(byte[] bytes, String charset) {
    Charset named = KNOWN.get(charset);
    if (named == null) {
      throw Problem.encoding(
              "the charset of the body must be one of %s; utf-8 is recommended"
                  .formatted(KNOWN.keySet().stream().sorted().toList()))
          .refusal();
    }
    Charset used = marked(bytes, named);
    try {
      String text = used.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return withoutMark(text);
    } catch (CharacterCodingException e) {
      throw Problem.malformed(
              "the body is not valid %s; send UTF-8, or name its charset in the Content-Type"
                  .formatted(used.name()))
          .refusal(e);
    }
  }

  /**
   * The charset that the bytes themselves reveal, by a byte order mark or by the zeros next to the
   * first brace or bracket (RFC 4627, section 3); else {@code otherwise}.
   */
  private static Charset marked(byte[] bytes, Charset otherwise) {
    int first = bytes.length < 2 ? 0xffff : (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
    return switch (first) {
      case 0xfeff, 0xfffe -> StandardCharsets.UTF_16;
      case 0xefbb -> StandardCharsets.UTF_8;
      case '{', '[' -> StandardCharsets.UTF_16BE;
      case '{' << 8, '[' << 8 -> StandardCharsets.UTF_16LE;
      default -> otherwise;
    };
  }

  /**
   * The fields of a form that the HTTP library has decoded, without byte order marks.
   *
   * @throws InvalidSpec if a field holds a replacement character, as undecodable bytes become one
   */
  static List<Map.Entry<String, String>> read(List<Map.Entry<String, String>> form) {
    List<Map.Entry<String, String>> fields = new ArrayList<>();
    for (Map.Entry<String, String> field : form) {
      if (field.getValue().contains(UNREADABLE)) {
        throw new InvalidSpec(
            field.getKey(),
            "has bytes that are not valid UTF-8; send UTF-8, or name the charset in the part's"
                + " Content-Type");
      }
      fields.add(Map.entry(field.getKey(), withoutMark(field.getValue())));
    }
    return fields;
  }

  private static String withoutMark(String text) {
    return text.startsWith(MARK) ? text.substring(1) : text;
  }
}
