package glimt.published;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.BundleException;
import glimt.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline as diffusers publishes it: {@code model_index.json} names its class and its
 * components, and each component has a folder of its name. Point-E's files have no index, and stand
 * as if they had one.
 */
public final class PublishedFolder {
  /** What marks such a folder. */
  public static final String INDEX = "model_index.json";

  /** Components that a pipeline makes the same pictures without. */
  private static final Set<String> NEEDLESS =
      Set.of("safety_checker", "feature_extractor", "image_encoder", "watermarker");

  /** Where the files of its components come from. */
  interface Contents {
    /** The JSON of a component's file, if it has that file. */
    Optional<JsonNode> json(String component, String name);

    /**
     * The weights of a network.
     *
     * @throws BundleException if there are none
     */
    PublishedWeights weights(String component);

    /** A file of a component, whether it is there or not. */
    Path file(String component, String name);
  }

  /** Each component has a folder of its name. */
  private record Folders(Path folder, String variant) implements Contents {
    @Override
    public Optional<JsonNode> json(String component, String name) {
      Path file = file(component, name);
      return Files.exists(file) ? Optional.of(PublishedFolder.json(file)) : Optional.empty();
    }

    @Override
    public PublishedWeights weights(String component) {
      return PublishedWeights.in(place(component), variant);
    }

    @Override
    public Path file(String component, String name) {
      return place(component).resolve(name);
    }

    /** A component's folder; what has none, as in the first pipelines, lies beside the index. */
    private Path place(String component) {
      Path own = folder.resolve(component);
      return Files.isDirectory(own) ? own : folder;
    }
  }

  private final Path folder;
  private final String name;
  private final Contents contents;
  private final List<String> lines;
  private final PublishedConfig index;

  /** The classes of the components that are there, by their names. */
  private final Map<String, String> components;

  private final List<PublishedFolder> above;

  private PublishedFolder(
      Path folder,
      String name,
      Contents contents,
      List<String> lines,
      PublishedConfig index,
      Map<String, String> components,
      List<PublishedFolder> above) {
    this.folder = folder;
    this.name = name;
    this.contents = contents;
    this.lines = List.copyOf(lines);
    this.index = index;
    this.components = components;
    this.above = List.copyOf(above);
  }

  /**
   * Reads the index.
   *
   * @param variant of the weights that is preferred, such as {@code fp16}; empty for the full files
   * @throws BundleException if there is none, or it is not understood
   */
  public static PublishedFolder of(Path folder, String variant) {
    return of(folder, variant, List.of());
  }

  /**
   * The same of a cascade.
   *
   * @param stages its folders, from the base up
   */
  public static PublishedFolder of(List<Path> stages, String variant) {
    List<PublishedFolder> above = stages.stream().skip(1).map(stage -> of(stage, variant)).toList();
    return of(stages.getFirst(), variant, above);
  }

  private static PublishedFolder of(Path folder, String variant, List<PublishedFolder> above) {
    if (!Files.isDirectory(folder)) {
      throw new BundleException(folder + " is no folder");
    }
    boolean pointE = !Files.exists(folder.resolve(INDEX)) && PointEFolder.is(folder);
    if (!pointE && !Files.exists(folder.resolve(INDEX))) {
      throw new BundleException(
          "%s has no %s, so it is no pipeline of diffusers, nor Point-E's files; it holds %s"
              .formatted(folder, INDEX, names(folder)));
    }
    String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    JsonNode json = pointE ? PointEFolder.index(folder) : json(folder.resolve(INDEX));
    return of(folder, name, json, new Folders(folder, variant), List.of(), above);
  }

  /**
   * A pipeline whose files are elsewhere.
   *
   * @param folder it lies in
   * @param name of its own
   * @param json what its index says, or would say
   * @param lines what was understood of it
   */
  static PublishedFolder of(
      Path folder, String name, JsonNode json, Contents contents, List<String> lines) {
    return of(folder, name, json, contents, lines, List.of());
  }

  private static PublishedFolder of(
      Path folder,
      String name,
      JsonNode json,
      Contents contents,
      List<String> lines,
      List<PublishedFolder> above) {
    PublishedConfig index = PublishedConfig.of(folder.resolve(INDEX).toString(), json);
    Map<String, String> components = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      JsonNode said = entry.getValue();
      boolean component =
          said.isArray()
              && said.size() == 2
              && (said.path(0).isTextual() || said.path(0).isNull())
              && (said.path(1).isTextual() || said.path(1).isNull());
      if (component) {
        index.ignore(entry.getKey());
        boolean needless =
            NEEDLESS.contains(entry.getKey())
                && !(entry.getKey().equals(WanFirstFrame.ENCODER)
                    && json.path("_class_name").asText().equals(WanFirstFrame.PICTURES));
        if (said.path(1).isTextual() && !needless) {
          components.put(entry.getKey(), said.path(1).textValue());
        }
      }
    }
    return new PublishedFolder(folder, name, contents, lines, index, components, above);
  }

  /** Where it is. */
  public Path folder() {
    return folder;
  }

  /** The pipelines of a cascade above this one. */
  List<PublishedFolder> above() {
    return above;
  }

  /** What it is called. */
  String name() {
    return name;
  }

  /** What was understood of it, besides its networks. */
  List<String> lines() {
    return lines;
  }

  /** The class of the pipeline. */
  public String className() {
    return index.className();
  }

  /** What the index says besides components; what nobody reads is refused when it is closed. */
  PublishedConfig index() {
    return index;
  }

  /**
   * Refuses components that a pipeline does not have.
   *
   * @throws BundleException naming them
   */
  void only(String... known) {
    Set<String> others = new TreeSet<>(components.keySet());
    others.removeAll(Set.of(known));
    if (!others.isEmpty()) {
      throw new BundleException(
          "%s has components that a %s of this glimt has no use for: %s"
              .formatted(index.file(), className(), others));
    }
  }

  boolean has(String component) {
    return components.containsKey(component);
  }

  /**
   * The class of a component.
   *
   * @throws BundleException if there is no such component
   */
  String className(String component) {
    String name = components.get(component);
    if (name == null) {
      throw new BundleException(
          "%s has no %s among its components %s"
              .formatted(index.file(), component, components.keySet()));
    }
    return name;
  }

  /** The configuration of a network. */
  PublishedConfig config(String component) {
    return PublishedConfig.of(
        file(component, "config.json").toString(), mustHave(component, "config.json"));
  }

  /** The weights of a network. */
  PublishedWeights weights(String component) {
    return contents.weights(component);
  }

  /** A file of a component, whether it is there or not. */
  Path file(String component, String name) {
    return contents.file(component, name);
  }

  /** The JSON of a component's file, if it has that file. */
  Optional<JsonNode> json(String component, String name) {
    return contents.json(component, name);
  }

  private JsonNode mustHave(String component, String name) {
    return contents
        .json(component, name)
        .orElseThrow(() -> new BundleException(file(component, name) + " is missing"));
  }

  /** A scheduler's configuration, as {@link glimt.model.Schedule.Published} holds it. */
  Map<String, @Nullable Object> scheduler(String component) {
    Path file = file(component, "scheduler_config.json");
    Map<String, @Nullable Object> settings = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry :
        mustHave(component, "scheduler_config.json").properties()) {
      settings.put(entry.getKey(), value(file, entry.getKey(), entry.getValue()));
    }
    settings.putIfAbsent("_class_name", className(component));
    return settings;
  }

  private static @Nullable Object value(Path file, String key, JsonNode said) {
    if (said.isNull()) {
      return null;
    }
    if (said.isDouble()) {
      double number = said.doubleValue();
      return Double.isFinite(number) ? (Object) number : Double.toString(number);
    }
    if (said.isArray()) {
      List<Object> values = new ArrayList<>();
      for (JsonNode one : said) {
        Object value = value(file, key, one);
        if (value == null) {
          throw new BundleException("%s: %s is %s".formatted(file, key, said));
        }
        values.add(value);
      }
      return values;
    }
    if (said.isNumber()) {
      return said.numberValue();
    }
    if (said.isBoolean()) {
      return said.booleanValue();
    }
    if (said.isTextual()) {
      return said.textValue();
    }
    throw new BundleException("%s: %s is %s".formatted(file, key, said));
  }

  /** JSON as Python writes it, which knows infinite numbers. */
  static JsonNode json(Path file) {
    try {
      return Json.mapper()
          .reader()
          .with(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .readTree(Files.readString(file));
    } catch (NoSuchFileException missing) {
      throw new BundleException(file + " is missing", missing);
    } catch (JsonProcessingException broken) {
      throw new BundleException(file + " is not JSON: " + broken.getOriginalMessage(), broken);
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    }
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException broken) {
      throw new BundleException("cannot list " + folder + ": " + broken, broken);
    }
  }
}
