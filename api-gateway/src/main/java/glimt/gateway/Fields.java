package glimt.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request, from a JSON object, a form or a query. A route reads each field that it
 * knows, with its type and range, and then calls {@link #end}, which refuses all others. A field
 * that is absent or null reads as null.
 *
 * <p>The methods throw {@link InvalidSpec} with the field's name, or a {@link Problem.Refusal} if
 * the fields cannot be parsed at all.
 */
final class Fields {
  /** Accepts NaN and Infinity, which are not JSON, so that the refusal can name their field. */
  private static final ObjectReader READER =
      Json.mapper().reader().with(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS);

  /** Names that other programs and servers use for the same field. */
  private static final List<List<String>> SYNONYMS =
      List.of(
          List.of("steps", "num_inference_steps", "num_steps", "sampling_steps"),
          List.of("guidance", "guidance_scale", "cfg_scale", "cfg"),
          List.of("frames", "num_frames", "video_length", "seconds", "duration"),
          List.of("size", "width", "height", "resolution"),
          List.of("sampler", "sampler_name", "scheduler"),
          List.of("format", "output_format"),
          List.of("prompt", "text", "text_prompt"));

  /** A form holds a list as fields with the name of the list and this after it. */
  private static final String ELEMENT = "[]";

  /** A JSON number; its length is limited to keep big decimals cheap. */
  private static final Pattern NUMBER =
      Pattern.compile("-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][-+]?[0-9]{1,4})?");

  private final Map<String, JsonNode> values = new LinkedHashMap<>();
  private final List<String> asked = new ArrayList<>();
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  /** Whether the values come from a form or a query, where numbers are text. */
  private final boolean form;

  private Fields(boolean form) {
    this.form = form;
  }

  static Fields ofJson(String json) {
    JsonNode body;
    try {
      body = READER.readTree(json);
    } catch (StreamConstraintsException e) {
      throw Problem.malformed("the body is nested too deeply, or a name or number is too long")
          .refusal();
    } catch (JsonProcessingException e) {
      throw Problem.malformed(
              "the body is not valid JSON, or has a field twice: see line %s, column %s"
                  .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr()))
          .refusal();
    }
    if (!(body instanceof ObjectNode object)) {
      throw Problem.malformed("the body must be a JSON object with fields").refusal();
    }
    return of(object);
  }

  /** The fields of a JSON object. */
  static Fields of(ObjectNode object) {
    Fields fields = new Fields(false);
    object.properties().forEach(field -> fields.values.put(field.getKey(), field.getValue()));
    return fields;
  }

  /** Fields of a form with files, by the names of their fields. */
  static Fields ofForm(Iterable<Map.Entry<String, String>> form, Map<String, byte[]> files) {
    Fields fields = ofForm(form);
    files.forEach(
        (name, bytes) -> {
          if (fields.values.containsKey(name)) {
            throw new InvalidSpec(shown(name), "is given twice");
          }
          fields.files.put(name, bytes);
        });
    return fields;
  }

  static Fields ofForm(Iterable<Map.Entry<String, String>> form) {
    Fields fields = new Fields(true);
    for (Map.Entry<String, String> field : form) {
      if (field.getKey().endsWith(ELEMENT)) {
        fields.element(field.getKey(), field.getValue());
      } else if (fields.values.put(field.getKey(), TextNode.valueOf(field.getValue())) != null) {
        throw new InvalidSpec(shown(field.getKey()), "is given twice");
      }
    }
    return fields;
  }

  private void element(String field, String value) {
    String name = field.substring(0, field.length() - ELEMENT.length());
    JsonNode list = values.computeIfAbsent(name, _ -> Json.mapper().createArrayNode());
    if (!(list instanceof ArrayNode array)) {
      throw new InvalidSpec(shown(name), "is given twice");
    }
    array.add(value);
  }

  @Nullable String text(String name) {
    JsonNode value = value(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual()) {
      throw new InvalidSpec(name, "must be text, not " + shown(value));
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(value.textValue())) {
      throw new InvalidSpec(name, "must be valid text; it has an unpaired surrogate");
    }
    return value.textValue();
  }

  /** The bytes of a file of a form. */
  byte @Nullable [] file(String name) {
    asked.add(name);
    return files.get(name);
  }

  /** All fields as a JSON object, whatever they are. */
  ObjectNode all() {
    asked.addAll(values.keySet());
    ObjectNode all = Json.mapper().createObjectNode();
    values.forEach(all::set);
    return all;
  }

  /** The members of an object as they are; null if there is none. */
  @Nullable ObjectNode members(String name) {
    JsonNode value = value(name);
    if (value != null && !value.isObject()) {
      throw new InvalidSpec(name, "must be an object, not " + shown(value));
    }
    return (ObjectNode) value;
  }

  /** The fields of an object; null if there is no object, but text or nothing. */
  @Nullable Fields nested(String name) {
    JsonNode value = value(name);
    return value instanceof ObjectNode object ? of(object) : null;
  }

  /** Text, or a number in plain decimal notation. */
  @Nullable String textOrNumber(String name) {
    JsonNode value = value(name);
    return value != null && value.isNumber() && Double.isFinite(value.doubleValue())
        ? value.decimalValue().toPlainString()
        : text(name);
  }

  /**
   * An object or a list, parsed as a record or an array of them; unknown fields are refused.
   *
   * @throws InvalidSpec with the path of the wrong field in it, such as {@code schedule.type}
   */
  <T> @Nullable T object(String name, Class<T> type) {
    JsonNode value = value(name);
    if (value == null) {
      return null;
    }
    try {
      return Json.read(value.toString(), type);
    } catch (InvalidSpec e) {
      throw new InvalidSpec(
          e.field().isEmpty() ? name : name + "." + e.field(), String.valueOf(e.getMessage()));
    }
  }

  /**
   * One of a few choices.
   *
   * @param spelling how a choice is written in a request
   */
  <T> @Nullable T choice(String name, List<T> choices, Function<T, String> spelling) {
    String text = text(name);
    if (text == null) {
      return null;
    }
    return choices.stream()
        .filter(choice -> spelling.apply(choice).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidSpec(
                    name,
                    "must be one of %s, not %s"
                        .formatted(
                            choices.stream().map(spelling).toList(),
                            shown(TextNode.valueOf(text)))));
  }

  /** True or false. */
  @Nullable Boolean flag(String name) {
    JsonNode value = value(name);
    if (value == null) {
      return null;
    }
    String text = value.asText();
    if (!(value.isBoolean() || form) || !(text.equals("true") || text.equals("false"))) {
      throw new InvalidSpec(name, "must be true or false, not " + shown(value));
    }
    return Boolean.valueOf(text);
  }

  /** Whether a field is this text, as one may be that otherwise is a number. */
  boolean says(String name, String text) {
    JsonNode value = value(name);
    return value != null && value.isTextual() && value.textValue().equals(text);
  }

  @Nullable Integer whole(String name, int least, int most) {
    Long value = whole(name, (long) least, (long) most);
    return value == null ? null : Math.toIntExact(value);
  }

  @Nullable Long whole(String name, long least, long most) {
    JsonNode value = value(name);
    if (value == null) {
      return null;
    }
    BigDecimal number = decimal(value);
    if (number == null
        || number.compareTo(BigDecimal.valueOf(least)) < 0
        || number.compareTo(BigDecimal.valueOf(most)) > 0
        || number.stripTrailingZeros().scale() > 0) {
      throw new InvalidSpec(
          name,
          "must be a whole number from %s to %s, not %s".formatted(least, most, shown(value)));
    }
    return number.longValueExact();
  }

  @Nullable Double number(String name, double least, double most) {
    JsonNode value = value(name);
    if (value == null) {
      return null;
    }
    BigDecimal number = decimal(value);
    if (number == null || !(number.doubleValue() >= least && number.doubleValue() <= most)) {
      throw new InvalidSpec(
          name, "must be a number from %s to %s, not %s".formatted(least, most, shown(value)));
    }
    return number.doubleValue();
  }

  /**
   * Refuses fields that were not read.
   *
   * @throws InvalidSpec if there is one
   */
  void end() {
    for (String name : values.keySet()) {
      if (!asked.contains(name)) {
        throw new InvalidSpec(
            shown(name),
            "is not a field of this request%s; the fields are %s"
                .formatted(
                    ours(name).map(", which calls it "::concat).orElse(""),
                    asked.stream().distinct().sorted().toList()));
      }
    }
  }

  /** The name in this request of the field that other programs call {@code name}. */
  private Optional<String> ours(String name) {
    return SYNONYMS.stream()
        .filter(group -> group.contains(name))
        .flatMap(List::stream)
        .filter(asked::contains)
        .findFirst();
  }

  /** Returns whether a field is there and null, where that differs from its absence. */
  boolean isNull(String name) {
    asked.add(name);
    JsonNode value = values.get(name);
    return value != null && value.isNull();
  }

  private @Nullable JsonNode value(String name) {
    asked.add(name);
    JsonNode value = values.get(name);
    return value == null || value.isNull() ? null : value;
  }

  /** The value as a number; null if it is not one. */
  private @Nullable BigDecimal decimal(JsonNode value) {
    if (form) {
      return NUMBER.matcher(value.textValue()).matches() ? new BigDecimal(value.textValue()) : null;
    }
    return value.isNumber() && Double.isFinite(value.doubleValue()) ? value.decimalValue() : null;
  }

  /** A short form of a value, to be repeated in an answer. */
  private static String shown(JsonNode value) {
    JsonNodeType type = value.getNodeType();
    return switch (type) {
      case STRING -> "'" + shown(value.textValue()) + "'";
      case NUMBER, BOOLEAN -> shown(value.asText());
      case ARRAY -> "a list";
      case OBJECT -> "an object";
      case BINARY, MISSING, NULL, POJO -> "that";
    };
  }

  /** At most 40 characters of a text, with control characters replaced. */
  static String shown(String text) {
    String printable = text.replaceAll("[\\p{Cntrl}\\p{Cs}]", "?");
    return printable.length() <= 40 ? printable : printable.substring(0, 40) + "…";
  }
}
