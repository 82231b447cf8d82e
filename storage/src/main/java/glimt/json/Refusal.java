package glimt.json;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.exc.InvalidNullException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import glimt.job.InvalidSpec;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Turns a Jackson error into a message for the author of the JSON: the field, and what it may be.
 */
final class Refusal {
  /** Begins Jackson's advice on its own settings, which the author of the JSON cannot change. */
  private static final String ADVICE = ": enable";

  private Refusal() {}

  /**
   * Returns the refusal for a Jackson error, or the {@link InvalidSpec} that caused it.
   *
   * @param sealed the mix-in that names the kinds of each sealed type
   */
  static InvalidSpec of(JsonProcessingException e, Map<Class<?>, Class<?>> sealed) {
    if (e.getCause() instanceof InvalidSpec invalid) {
      return invalid;
    }
    InvalidSpec invalid = new InvalidSpec(field(e, sealed), message(e, sealed));
    invalid.initCause(e);
    return invalid;
  }

  private static String field(JsonProcessingException e, Map<Class<?>, Class<?>> sealed) {
    if (!(e instanceof JsonMappingException mapping)) {
      return "";
    }
    String path =
        mapping.getPath().stream()
            .map(at -> at.getFieldName() == null ? "" + at.getIndex() : at.getFieldName())
            .collect(Collectors.joining("."));
    if (e instanceof InvalidTypeIdException kind) {
      JsonTypeInfo info = info(kind, sealed);
      if (info != null && !path.endsWith(info.property())) {
        return path.isEmpty() ? info.property() : path + "." + info.property();
      }
    }
    return path;
  }

  private static String message(JsonProcessingException e, Map<Class<?>, Class<?>> sealed) {
    if (e.getCause() instanceof IllegalArgumentException ours) {
      return said(ours);
    }
    return switch (e) {
      case UnrecognizedPropertyException unknown ->
          "is not known here; known are " + listed(unknown.getKnownPropertyIds());
      case InvalidTypeIdException kind -> "must be one of " + kinds(kind, sealed);
      case InvalidNullException _ -> "must not be null";
      case MismatchedInputException mismatch -> mismatched(mismatch);
      // Jackson's word for text or a number in place of a list.
      case InvalidDefinitionException other -> "must be " + expected(other.getType().getRawClass());
      case JsonMappingException mapping
          when mapping.getCause() instanceof StreamReadException syntax ->
          broken(syntax);
      case StreamReadException syntax -> broken(syntax);
      default -> said(e);
    };
  }

  private static String said(Exception e) {
    String message =
        e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
    return message == null ? "is not understood" : message;
  }

  private static String mismatched(MismatchedInputException e) {
    String said = e.getOriginalMessage();
    if (said.startsWith("Missing required")) {
      return "is missing";
    }
    if (said.startsWith("Trailing token")) {
      return "must end where the value ends";
    }
    Class<?> target = e.getTargetType();
    return target == null ? "is not understood" : "must be " + expected(target);
  }

  private static String expected(Class<?> type) {
    if (type.isEnum()) {
      return "one of "
          + listed(
              Arrays.stream(type.getEnumConstants())
                  .map(constant -> EnumWord.of((Enum<?>) constant))
                  .toList());
    }
    if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      return "a whole number in range";
    }
    if (type == double.class || type == Double.class) {
      return "a number";
    }
    if (type == String.class) {
      return "text";
    }
    return Collection.class.isAssignableFrom(type) || type.isArray() ? "a list" : "an object";
  }

  private static String broken(StreamReadException e) {
    JsonLocation at = e.getLocation();
    String said = e.getOriginalMessage();
    int advice = said.indexOf(ADVICE);
    return "is not JSON%s: %s"
        .formatted(
            at == null ? "" : " at line %s, column %s".formatted(at.getLineNr(), at.getColumnNr()),
            advice < 0 ? said : said.substring(0, advice));
  }

  private static String kinds(InvalidTypeIdException e, Map<Class<?>, Class<?>> sealed) {
    Class<?> mixIn = sealed.get(e.getBaseType().getRawClass());
    JsonSubTypes types = mixIn == null ? null : mixIn.getAnnotation(JsonSubTypes.class);
    return types == null
        ? "the known kinds"
        : listed(Arrays.stream(types.value()).map(JsonSubTypes.Type::name).toList());
  }

  private static @Nullable JsonTypeInfo info(
      InvalidTypeIdException e, Map<Class<?>, Class<?>> sealed) {
    Class<?> mixIn = sealed.get(e.getBaseType().getRawClass());
    return mixIn == null ? null : mixIn.getAnnotation(JsonTypeInfo.class);
  }

  private static String listed(@Nullable Collection<?> names) {
    List<String> sorted =
        names == null ? List.of() : names.stream().map(String::valueOf).sorted().toList();
    return String.join(", ", sorted);
  }
}
