package glimt.safety.c2pa;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import com.fasterxml.jackson.dataformat.cbor.CBORGenerator;
import com.fasterxml.jackson.dataformat.cbor.CBORParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * CBOR (RFC 8949) as maps, lists, texts, byte arrays, whole numbers and truth values. Maps keep
 * their order and lengths are written first, so equal values give equal bytes. The keys of a map
 * are texts; where they are numbers, as in COSE, they are {@link Long}s when written and their
 * digits when read.
 */
final class Cbor {
  private static final int DEPTH = 16;

  /** How many values a document may hold. */
  private static final int VALUES = 20_000;

  private static final CBORFactory FACTORY =
      CBORFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEPTH)
                  .maxStringLength(1 << 20)
                  .maxNameLength(1 << 10)
                  .build())
          .build();

  private final CBORParser parser;
  private int left = VALUES;

  private Cbor(CBORParser parser) {
    this.parser = parser;
  }

  static byte[] written(Object value) {
    return written(value, -1);
  }

  /** Writes a value with a tag before it; none if the tag is negative. */
  static byte[] written(Object value, int tag) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (CBORGenerator out = FACTORY.createGenerator(bytes)) {
      if (tag >= 0) {
        out.writeTag(tag);
      }
      write(out, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(CBORGenerator out, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case String text -> out.writeString(text);
      case byte[] bytes -> out.writeBinary(bytes);
      case Integer number -> out.writeNumber(number);
      case Long number -> out.writeNumber(number);
      case Boolean truth -> out.writeBoolean(truth);
      case List<?> list -> {
        out.writeStartArray(list, list.size());
        for (Object element : list) {
          write(out, element);
        }
        out.writeEndArray();
      }
      case Map<?, ?> map -> {
        out.writeStartObject(map, map.size());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          if (entry.getKey() instanceof Long key) {
            out.writeFieldId(key);
          } else {
            out.writeFieldName((String) entry.getKey());
          }
          write(out, entry.getValue());
        }
        out.writeEndObject();
      }
      default -> throw new IllegalArgumentException("no CBOR for " + value.getClass());
    }
  }

  /**
   * Reads one value, which must be all there is.
   *
   * @throws UnreadableManifest if it is not such a value, or too large or too deep
   */
  static @Nullable Object read(byte[] bytes) {
    try (CBORParser parser = FACTORY.createParser(bytes)) {
      Cbor reading = new Cbor(parser);
      Object value = reading.value(parser.nextToken());
      if (parser.nextToken() != null) {
        throw new UnreadableManifest("there is more than one value where CBOR has one");
      }
      return value;
    } catch (IOException | ArithmeticException e) {
      throw new UnreadableManifest("this is not CBOR that can be read: " + e.getMessage(), e);
    }
  }

  /** Reads a map. */
  static Map<?, ?> map(byte[] bytes) {
    return asMap(read(bytes));
  }

  static Map<?, ?> asMap(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new UnreadableManifest("there must be a map");
  }

  static List<?> asList(@Nullable Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new UnreadableManifest("there must be a list");
  }

  static String asText(@Nullable Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw new UnreadableManifest("there must be a text");
  }

  static byte[] asBytes(@Nullable Object value) {
    if (value instanceof byte[] bytes) {
      return bytes;
    }
    throw new UnreadableManifest("there must be bytes");
  }

  static long asNumber(@Nullable Object value) {
    if (value instanceof Long number) {
      return number;
    }
    throw new UnreadableManifest("there must be a whole number");
  }

  private @Nullable Object value(@Nullable JsonToken token) throws IOException {
    if (token == null) {
      throw new UnreadableManifest("the CBOR is cut off");
    }
    if (--left < 0) {
      throw new UnreadableManifest("the CBOR has more than %s values".formatted(VALUES));
    }
    return switch (token) {
      case VALUE_NULL -> null;
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_STRING -> parser.getText();
      case VALUE_EMBEDDED_OBJECT -> embedded();
      case VALUE_NUMBER_INT -> number();
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        for (JsonToken next = parser.nextToken();
            next != JsonToken.END_ARRAY;
            next = parser.nextToken()) {
          list.add(value(next));
        }
        yield list;
      }
      case START_OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (JsonToken next = parser.nextToken();
            next != JsonToken.END_OBJECT;
            next = parser.nextToken()) {
          if (next != JsonToken.FIELD_NAME) {
            throw new UnreadableManifest("the CBOR is cut off");
          }
          String key = parser.currentName();
          if (map.containsKey(key)) {
            throw new UnreadableManifest("the CBOR has the key %s twice".formatted(key));
          }
          map.put(key, value(parser.nextToken()));
        }
        yield map;
      }
      case END_ARRAY, END_OBJECT, FIELD_NAME, NOT_AVAILABLE ->
          throw new UnreadableManifest("the CBOR is not well-formed");
    };
  }

  private @Nullable Object embedded() throws IOException {
    Object value = parser.getEmbeddedObject();
    return value instanceof byte[] ? value : null; // undefined, and simple values
  }

  private Object number() throws IOException {
    return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
        ? parser.getBigIntegerValue()
        : (Object) parser.getLongValue();
  }
}
