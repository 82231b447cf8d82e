package glimt.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.job.JobSpec;
import glimt.job.Work;
import glimt.model.BundleCard;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Rewrites JSON documents of older versions in the current form, so that a farm keeps its jobs and
 * its bundles when it is upgraded. Documents of version 1 have no version field.
 *
 * <p>In version 1, a card had {@code vocabulary} in place of its reader, {@code sigmaData} in place
 * of its parametrisation, and no ports; a sampling had the three parameters of Karras' schedule and
 * one guidance weight; a job had its options in {@code wishes}, and one {@code size} for height and
 * width.
 */
final class Upgrade {
  private static final String VERSION = "version";

  /** For each type that has older documents, the rewriting of its version 1. */
  private static final Map<Class<?>, Consumer<ObjectNode>> FROM_1 =
      Map.of(
          BundleCard.class, Upgrade::card,
          JobSpec.class, Upgrade::spec,
          Work.class, Upgrade::work);

  private static final Map<Class<?>, Integer> NOW =
      Map.of(BundleCard.class, BundleCard.VERSION, JobSpec.class, JobSpec.VERSION);

  private Upgrade() {}

  /** Returns whether documents of this type may be of an older version. */
  static boolean concerns(Class<?> type) {
    return FROM_1.containsKey(type);
  }

  /**
   * Returns the document in the current form.
   *
   * @throws InvalidSpec if a newer glimt wrote the document
   */
  static JsonNode today(JsonNode document, Class<?> type) {
    if (!(document instanceof ObjectNode object)) {
      return document;
    }
    JsonNode version = object.get(VERSION);
    Integer now = NOW.get(type);
    if (version == null) {
      Objects.requireNonNull(FROM_1.get(type)).accept(object);
    } else if (now != null && version.isIntegralNumber() && version.asLong() > now) {
      throw new InvalidSpec(
          VERSION,
          "is %s, but this glimt reads versions up to %s; a newer glimt wrote it, so upgrade this one"
              .formatted(version.asLong(), now));
    }
    return object;
  }

  private static void card(ObjectNode card) {
    card.put(VERSION, 2);
    lowerCase(card, "kind");
    if (card.remove("vocabulary") instanceof ObjectNode words) {
      words.put("type", "words");
      card.set("reader", words);
    }
    card.putArray("encoders");
    card.putArray("restates");
    card.putObject("weights");
    boolean base = true;
    for (JsonNode level : card.path("levels")) {
      if (level instanceof ObjectNode object) {
        level(object, base);
      }
      base = false;
    }
  }

  private static void level(ObjectNode level, boolean base) {
    JsonNode sigmaData = level.remove("sigmaData");
    if (sigmaData != null) {
      ObjectNode parametrisation = level.putObject("parametrisation");
      parametrisation.put("answer", "edm");
      parametrisation.set("sigmaData", sigmaData);
      parametrisation.putObject("thresholds").put("type", "open");
    }
    ArrayNode ports = level.putArray("ports");
    port(ports, "words", "prompt", "zeros");
    if (!base) {
      port(ports, "below", "below", "same");
    }
    sampling(level.get("sampling"));
    sampling(level.path("fast").get("sampling"));
  }

  private static void port(ArrayNode ports, String name, String feed, String unconditional) {
    ObjectNode port = ports.addObject();
    port.put("name", name).put("feed", feed).putNull("encoder").putNull("output");
    port.put("unconditional", unconditional);
  }

  private static void sampling(JsonNode node) {
    if (!(node instanceof ObjectNode sampling) || !sampling.path("guidance").isNumber()) {
      return;
    }
    JsonNode weight = sampling.remove("guidance");
    ObjectNode guidance = sampling.putObject("guidance");
    guidance.put("mixing", "plain");
    guidance.set("weight", weight);
    guidance.put("rescale", 0.0).putNull("interval").putNull("projection");
    ObjectNode schedule = sampling.putObject("schedule");
    schedule.put("type", "karras");
    for (String name : List.of("sigmaMin", "sigmaMax", "rho")) {
      JsonNode value = sampling.remove(name);
      if (value != null) {
        schedule.set(name, value);
      }
    }
  }

  private static void spec(ObjectNode spec) {
    if (!spec.path("wishes").isObject()) {
      return;
    }
    spec.put(VERSION, 2);
    lowerCase(spec, "kind");
    spec.set("sampling", spec.remove("wishes"));
    ObjectNode extents = spec.putObject("extents");
    extent(extents, spec.remove("frames"), "frames");
    extent(extents, spec.remove("points"), "points");
    JsonNode size = spec.remove("size");
    extent(extents, size, "height");
    extent(extents, size, "width");
    if (spec.path("kind").asText().equals("video") && spec.path("format").asText().equals("png")) {
      spec.put("format", "apng"); // "png" meant the animated format in version 1
    }
  }

  private static void extent(ObjectNode extents, JsonNode value, String axis) {
    if (value != null && !value.isNull()) {
      extents.set(axis, value);
    }
  }

  private static void work(ObjectNode work) {
    sampling(work.get("sampling"));
  }

  private static void lowerCase(ObjectNode node, String field) {
    JsonNode value = node.get(field);
    if (value != null && value.isTextual()) {
      node.put(field, value.asText().toLowerCase(Locale.ROOT));
    }
  }
}
