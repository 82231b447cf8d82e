package glimt.published;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.BundleException;
import glimt.json.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A published network's {@code config.json}, read key by key. A key that nobody reads is a setting
 * that nobody honours, so {@link #close} refuses it by name.
 *
 * <pre>{@code
 * try (PublishedConfig config = PublishedConfig.parse("unet/config.json", json)) {
 *   int width = config.integer("in_channels", 4);
 * }
 * }</pre>
 */
public final class PublishedConfig implements AutoCloseable {
  private final String file;
  private final JsonNode json;
  private final Set<String> read = new HashSet<>();

  private PublishedConfig(String file, JsonNode json) {
    this.file = file;
    this.json = json;
  }

  /**
   * Reads a configuration; {@code file} names it in errors.
   *
   * @throws BundleException if it is no JSON object
   */
  public static PublishedConfig parse(String file, String text) {
    try {
      return of(file, Json.mapper().readTree(text));
    } catch (JsonProcessingException broken) {
      throw new BundleException(file + " is not JSON: " + broken.getOriginalMessage(), broken);
    }
  }

  /** As {@link #parse}, from JSON that was read already. */
  public static PublishedConfig of(String file, JsonNode json) {
    if (!json.isObject()) {
      throw new BundleException(file + " holds no JSON object");
    }
    return new PublishedConfig(file, json);
  }

  /** All of it, unread. */
  JsonNode json() {
    return json;
  }

  /** The file that errors name. */
  public String file() {
    return file;
  }

  /**
   * The class it configures: {@code _class_name} of diffusers, the only one of {@code
   * architectures} of transformers, or {@code name} of Point-E's code.
   *
   * @throws BundleException if it names none
   */
  public String className() {
    JsonNode name = json.path("_class_name");
    if (name.isMissingNode()) {
      name = json.path("architectures").path(0);
    }
    if (name.isMissingNode()) {
      name = json.path("name");
    }
    if (!name.isTextual()) {
      throw new BundleException(
          file + " names no class: it has no _class_name, architectures or name");
    }
    return name.textValue();
  }

  /** Whether the file gives the key a value other than null. */
  public boolean has(String key) {
    return value(key) != null;
  }

  /**
   * Whether the file gives the key as null, which some classes tell from its absence. Counts as
   * read.
   */
  public boolean isNull(String key) {
    read.add(key);
    return json.path(key).isNull();
  }

  /** The value of a key, or null where it is absent or null. Counts as read. */
  public @Nullable JsonNode value(String key) {
    read.add(key);
    JsonNode value = json.get(key);
    return value == null || value.isNull() ? null : value;
  }

  /** A whole number. */
  public int integer(String key, int otherwise) {
    return Objects.requireNonNullElse(integer(key), otherwise);
  }

  /** A whole number, or null where the file gives none. */
  public @Nullable Integer integer(String key) {
    return read(key, "a whole number", JsonNode::canConvertToInt, JsonNode::intValue);
  }

  /** A number; some files write it as text. */
  public double number(String key, double otherwise) {
    return Objects.requireNonNullElse(number(key), otherwise);
  }

  /** A number, or null where the file gives none. */
  public @Nullable Double number(String key) {
    return read(key, "a number", JsonNode::isNumber, JsonNode::doubleValue);
  }

  public boolean flag(String key, boolean otherwise) {
    Boolean flag = read(key, "true or false", JsonNode::isBoolean, JsonNode::booleanValue);
    return Objects.requireNonNullElse(flag, otherwise);
  }

  public String text(String key, String otherwise) {
    return Objects.requireNonNullElse(text(key), otherwise);
  }

  /** A text, or null where the file gives none. */
  public @Nullable String text(String key) {
    return read(key, "a text", JsonNode::isTextual, JsonNode::textValue);
  }

  /** A list of whole numbers; one number stands for as many of it as {@code otherwise} has. */
  public List<Integer> integers(String key, List<Integer> otherwise) {
    JsonNode value = value(key);
    if (value != null && value.isInt()) {
      return otherwise.stream().map(_ -> value.intValue()).toList();
    }
    return list(key, otherwise, "whole numbers", JsonNode::canConvertToInt, JsonNode::intValue);
  }

  public List<Double> numbers(String key, List<Double> otherwise) {
    return list(key, otherwise, "numbers", JsonNode::isNumber, JsonNode::doubleValue);
  }

  public List<Boolean> flags(String key, List<Boolean> otherwise) {
    return list(key, otherwise, "true or false", JsonNode::isBoolean, JsonNode::booleanValue);
  }

  public List<String> texts(String key, List<String> otherwise) {
    return list(key, otherwise, "texts", JsonNode::isTextual, JsonNode::textValue);
  }

  /** Marks keys that change no number, such as where the file came from. */
  public void ignore(String... keys) {
    read.addAll(List.of(keys));
  }

  /**
   * Accepts a key only with its one implemented value.
   *
   * @throws BundleException naming key, value and what is implemented
   */
  public void only(String key, @Nullable Object implemented) {
    JsonNode value = value(key);
    JsonNode wanted = Json.mapper().valueToTree(implemented);
    if (value != null && !same(value, wanted)) { // no value is the default
      throw refused(key, "only %s is implemented".formatted(implemented));
    }
  }

  private static boolean same(JsonNode value, JsonNode wanted) {
    boolean numbers = value.isNumber() && wanted.isNumber();
    return numbers ? value.doubleValue() == wanted.doubleValue() : value.equals(wanted);
  }

  /** An error that names a key, its value, and what is wrong with it. */
  public BundleException refused(String key, String why) {
    return new BundleException("%s: %s is %s; %s".formatted(file, key, json.get(key), why));
  }

  /**
   * Refuses what was not read. Keys that begin with an underscore say nothing about numbers.
   *
   * @throws BundleException naming the keys
   */
  @Override
  public void close() {
    Set<String> unread = new TreeSet<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      if (!entry.getKey().startsWith("_") && !read.contains(entry.getKey())) {
        unread.add("%s = %s".formatted(entry.getKey(), entry.getValue()));
      }
    }
    if (!unread.isEmpty()) {
      throw new BundleException(
          "%s has settings that this glimt does not know: %s"
              .formatted(file, String.join(", ", unread)));
    }
  }

  private <T> @Nullable T read(
      String key, String what, Function<JsonNode, Boolean> is, Function<JsonNode, T> as) {
    JsonNode value = value(key);
    if (value == null) {
      return null;
    }
    if (!is.apply(value)) {
      throw refused(key, "it must be " + what);
    }
    return as.apply(value);
  }

  private <T> List<T> list(
      String key,
      List<T> otherwise,
      String what,
      Function<JsonNode, Boolean> is,
      Function<JsonNode, T> as) {
    JsonNode value = value(key);
    if (value == null) {
      return otherwise;
    }
    List<T> items = new ArrayList<>();
    for (JsonNode item : value) {
      if (!is.apply(item)) {
        throw refused(key, "it must be a list of " + what);
      }
      items.add(as.apply(item));
    }
    if (!value.isArray()) {
      throw refused(key, "it must be a list of " + what);
    }
    return List.copyOf(items);
  }
}
