package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.BundleException;
import glimt.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weights without a folder of diffusers, as if they had one: with configurations that follow from
 * their tensors, or those of a folder that is given.
 */
final class WeightFilesContents implements PublishedFolder.Contents {
  /** What else is in a tokenizer's folder is its vocabulary. */
  private static final Set<String> TOKENIZER_CONFIGS =
      Set.of("tokenizer_config.json", "special_tokens_map.json");

  private final String title;
  private final Path place;
  private final SingleFileOptions options;

  /** A folder of diffusers whose configurations hold. */
  private final @Nullable PublishedFolder given;

  private final @Nullable Path tokenizer;
  private final String tokenizerWanted;
  private final Map<String, JsonNode> configs = new HashMap<>();
  private final Map<String, PublishedWeights> weights = new HashMap<>();

  /**
   * @param title names the weights in errors
   * @param place where they are
   * @param tokenizer a folder of a vocabulary; null if none was found
   * @param tokenizerWanted what such a folder holds, for the error if it is needed
   */
  WeightFilesContents(
      String title,
      Path place,
      SingleFileOptions options,
      @Nullable Path tokenizer,
      String tokenizerWanted) {
    this.title = title;
    this.place = place;
    this.options = options;
    this.tokenizer = options.tokenizer() == null ? tokenizer : options.tokenizer();
    this.tokenizerWanted = tokenizerWanted;
    given = options.config() == null ? null : PublishedFolder.of(options.config(), "");
  }

  /** Whether configurations are given, and need not be derived. */
  boolean configured() {
    return given != null;
  }

  /** Configurations that were derived, by component and name, as {@code unet/config.json}. */
  void configs(Map<String, ? extends JsonNode> derived) {
    configs.putAll(derived);
  }

  void weights(String component, PublishedWeights where) {
    weights.put(component, where);
  }

  /**
   * The index of the pipeline.
   *
   * @param pipelines the classes it may be of, first the one where nothing else is said
   * @param classes of its components, by their names
   * @throws BundleException if the given folder is of another class
   */
  JsonNode index(List<String> pipelines, Map<String, String> classes) {
    if (given != null) {
      if (!pipelines.contains(given.className())) {
        throw new BundleException(
            "%s holds a %s, and %s configures a %s"
                .formatted(
                    title, String.join(" or ", pipelines), given.folder(), given.className()));
      }
      return PublishedFolder.json(given.folder().resolve(PublishedFolder.INDEX));
    }
    ObjectNode index = Json.mapper().createObjectNode().put("_class_name", pipelines.getFirst());
    new LinkedHashMap<>(classes)
        .forEach((name, type) -> index.putArray(name).add("diffusers").add(type));
    return index;
  }

  @Override
  public Optional<JsonNode> json(String component, String name) {
    Optional<JsonNode> said = said(component, name);
    if (name.equals("scheduler_config.json") && !options.prediction().isEmpty()) {
      return said.map(json -> SingleFileConfigs.predicting(json, options.prediction()));
    }
    return said;
  }

  private Optional<JsonNode> said(String component, String name) {
    if (component.startsWith("tokenizer") && !TOKENIZER_CONFIGS.contains(name)) {
      Path there = file(component, name);
      return Files.exists(there) ? Optional.of(PublishedFolder.json(there)) : Optional.empty();
    }
    return given == null
        ? Optional.ofNullable(configs.get(component + "/" + name))
        : given.json(component, name);
  }

  @Override
  public PublishedWeights weights(String component) {
    return Objects.requireNonNull(weights.get(component), component);
  }

  @Override
  public Path file(String component, String name) {
    if (component.startsWith("tokenizer")) {
      if (options.tokenizer() == null && given != null) {
        return given.file(component, name);
      }
      if (tokenizer == null) {
        throw new BundleException(
            "%s holds no vocabulary: give --tokenizer FOLDER with %s"
                .formatted(title, tokenizerWanted));
      }
      return tokenizer.resolve(name);
    }
    return given == null
        ? place.resolveSibling(place.getFileName() + ", " + component + "/" + name)
        : given.file(component, name);
  }
}
