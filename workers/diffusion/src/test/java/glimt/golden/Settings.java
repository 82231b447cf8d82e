package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A configuration that is read key by key. {@link #close} reports keys that have not been read, so
 * that no setting is ignored by accident.
 */
final class Settings {
  private final String name;
  private final JsonNode json;
  private final Set<String> unread = new TreeSet<>();

  Settings(String name, JsonNode json) {
    this.name = name;
    this.json = json;
    for (Iterator<String> keys = json.fieldNames(); keys.hasNext(); ) {
      unread.add(keys.next());
    }
  }

  boolean has(String key) {
    return json.hasNonNull(key);
  }

  private JsonNode get(String key) {
    unread.remove(key);
    JsonNode value = json.get(key);
    if (value == null) {
      throw Verdict.unknown(name + " has no " + key);
    }
    return value;
  }

  double number(String key) {
    return Tensor.number(get(key));
  }

  double number(String key, double otherwise) {
    return has(key) ? number(key) : otherwise;
  }

  int integer(String key) {
    return get(key).asInt();
  }

  boolean flag(String key) {
    return get(key).asBoolean();
  }

  boolean flag(String key, boolean otherwise) {
    return has(key) ? flag(key) : otherwise;
  }

  String text(String key) {
    return get(key).asText();
  }

  String text(String key, String otherwise) {
    return has(key) ? text(key) : otherwise;
  }

  double[] numbers(String key) {
    return Tensor.numbers(get(key));
  }

  Tensor tensor(String key) {
    return Tensor.of(get(key));
  }

  JsonNode json(String key) {
    return get(key);
  }

  Settings settings(String key) {
    return new Settings(name + "." + key, get(key));
  }

  /** Whether the key exists and is not null. The key counts as read. */
  boolean given(String key) {
    unread.remove(key);
    return has(key);
  }

  /** Requires keys to be absent or to have this value; other values are unknown. */
  Settings only(Map<String, ?> expected) {
    expected.forEach(
        (key, value) -> {
          JsonNode found = json.get(key);
          if (found != null && !found.asText().equals(String.valueOf(value))) {
            throw Verdict.unknown("%s.%s = %s".formatted(name, key, found));
          }
          unread.remove(key);
        });
    return this;
  }

  /** Ignores keys that do not affect the numbers. */
  Settings ignore(String... keys) {
    for (String key : keys) {
      unread.remove(key);
    }
    return this;
  }

  /** The exception for an unknown value. */
  Verdict.Unlike unknown(String key) {
    return Verdict.unknown("%s.%s = %s".formatted(name, key, json.get(key)));
  }

  void close() {
    if (!unread.isEmpty()) {
      String key = unread.iterator().next();
      throw unknown(key);
    }
  }
}
