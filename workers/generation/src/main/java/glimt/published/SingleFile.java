package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.BundleException;
import glimt.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stable Diffusion 1, 2 or XL in one file, with the names its authors gave the tensors. Which one
 * it is, and every size, is read from names and shapes; to the pipelines it then looks like a
 * folder of diffusers. Weights stay in the file.
 */
final class SingleFile implements PublishedFolder.Contents {
  /** What else is in a tokenizer's folder is its vocabulary. */
  private static final Set<String> TOKENIZER_CONFIGS =
      Set.of("tokenizer_config.json", "special_tokens_map.json");

  private final Path file;
  private final SingleFileOptions options;
  private final SingleFileKind kind;

  /** A folder of diffusers whose configurations hold. */
  private final @Nullable PublishedFolder given;

  private final Map<String, JsonNode> configs = new HashMap<>();
  private final Map<String, PublishedWeights.WeightsPart> parts = new HashMap<>();
  private final List<String> lines = new ArrayList<>();

  private SingleFile(Path file, SingleFileOptions options) {
    this.file = file;
    this.options = options;
    given = options.config() == null ? null : PublishedFolder.of(options.config(), "");
    OriginalTensors tensors = OriginalTensors.of(file.toString(), PublishedWeights.mapped(file));
    kind = SingleFileKind.of(tensors);
    lines.add("the file is a %s".formatted(kind.title()));
    OriginalUnet unet = new OriginalUnet(tensors);
    OriginalAutoencoder vae = new OriginalAutoencoder(tensors);
    Map<String, OriginalClip> texts = kind.texts(tensors);
    if (given == null) {
      SingleFileConfigs derived = new SingleFileConfigs(kind, options.prediction(), tensors);
      configs.putAll(derived.of(unet, vae, texts));
      lines.addAll(derived.lines());
    }
    parts.put("unet", new PublishedWeights.WeightsPart(unet.origins(), Map.of()));
    parts.put("vae", new PublishedWeights.WeightsPart(vae.origins(), Map.of()));
    texts.forEach((component, clip) -> parts.put(component, part(component, clip)));
    useless(tensors);
  }

  /**
   * Understands a file.
   *
   * @throws BundleException if it is no Stable Diffusion, or not one that is known, naming what it
   *     lacks
   */
  static PublishedFolder of(Path file, SingleFileOptions options) {
    SingleFile single = new SingleFile(file, options);
    Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
    String name = String.valueOf(file.getFileName()).replaceFirst("\\.[^.]+$", "");
    return PublishedFolder.of(folder, name, single.index(), single, single.lines);
  }

  private PublishedWeights.WeightsPart part(String component, OriginalClip clip) {
    int layers = json(component, "config.json").orElseThrow().path("num_hidden_layers").asInt(12);
    boolean projected = component.equals("text_encoder_2");
    PublishedWeights.WeightsPart part = clip.part(layers, projected);
    if (!part.turned().isEmpty()) {
      lines.add(
          "%s: %s is copied, since OpenCLIP keeps it with rows and columns exchanged"
              .formatted(component, String.join(", ", part.turned().keySet())));
    }
    return part;
  }

  /** Tells what else the file holds, such as averages of weights that are meant for training. */
  private void useless(OriginalTensors tensors) {
    Map<String, Integer> others = new LinkedHashMap<>();
    for (String name : tensors.tensors().keySet()) {
      if (kind.prefixes().stream().noneMatch(name::startsWith)) {
        others.merge(name.replaceFirst("\\..*", ""), 1, Integer::sum);
      }
    }
    if (!others.isEmpty()) {
      lines.add("the file's other tensors are not used: %s".formatted(others));
    }
  }

  // ---- as a folder of diffusers

  private JsonNode index() {
    if (given != null) {
      if (!given.className().equals(kind.pipeline())) {
        throw new BundleException(
            "%s holds a %s, and %s configures a %s"
                .formatted(file, kind.title(), given.folder(), given.className()));
      }
      return PublishedFolder.json(given.folder().resolve(PublishedFolder.INDEX));
    }
    ObjectNode index = Json.mapper().createObjectNode().put("_class_name", kind.pipeline());
    String scheduler =
        json("scheduler", "scheduler_config.json").orElseThrow().path("_class_name").textValue();
    kind.components(scheduler)
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
    return new PublishedWeights(List.of(file), parts.get(component));
  }

  @Override
  public Path file(String component, String name) {
    Path vocabulary = options.tokenizer();
    if (component.startsWith("tokenizer") && vocabulary != null) {
      return vocabulary.resolve(name);
    }
    if (given != null) {
      return given.file(component, name);
    }
    if (component.startsWith("tokenizer")) {
      throw new BundleException(
          "%s holds no vocabulary, as no single file does: give --tokenizer FOLDER with CLIP's vocab.json and merges.txt, such as the folder tokenizer of any Stable Diffusion of diffusers, or openai/clip-vit-large-patch14"
              .formatted(file));
    }
    return file.resolveSibling(file.getFileName() + ", " + component + "/" + name);
  }
}
