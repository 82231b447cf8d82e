package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors.Tensor;
import glimt.published.FilePart.PartKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Stable Diffusion 1, 2 or XL with the names its authors gave the tensors: in one file, or in one
 * for each network, which are then named as in a single file. Which one it is, and every size, is
 * read from names and shapes; to the pipelines it then looks like a folder of diffusers. Weights
 * stay in the files.
 */
final class SingleFile {
  private static final List<String> VOCABULARY = List.of("vocab.json", "tokenizer.json");
  private static final String VOCABULARY_WANTED =
      "CLIP's vocab.json and merges.txt, such as the folder tokenizer of any Stable Diffusion of diffusers, or openai/clip-vit-large-patch14";

  private final OriginalTensors tensors;

  /** The files by what their tensors begin with here; empty for a single one. */
  private final Map<String, FilePart> files;

  private final SingleFileKind kind;
  private final WeightFilesContents contents;
  private final List<String> lines = new ArrayList<>();

  private SingleFile(
      OriginalTensors tensors,
      Map<String, FilePart> files,
      SingleFileOptions options,
      WeightFilesContents contents) {
    this.tensors = tensors;
    this.files = files;
    this.contents = contents;
    kind = SingleFileKind.of(tensors);
    lines.add(
        "%s a %s".formatted(files.isEmpty() ? "the file is" : "together they are", kind.title()));
    OriginalUnet unet = new OriginalUnet(tensors);
    OriginalAutoencoder vae = new OriginalAutoencoder(tensors);
    Map<String, OriginalClip> texts = kind.texts(tensors);
    if (!contents.configured()) {
      SingleFileConfigs derived = new SingleFileConfigs(kind, options.prediction(), tensors);
      contents.configs(derived.of(unet, vae, texts));
      lines.addAll(derived.lines());
    }
    place("unet", OriginalUnet.PREFIX, new PublishedWeights.WeightsPart(unet.origins(), Map.of()));
    place(
        "vae",
        OriginalAutoencoder.PREFIX,
        new PublishedWeights.WeightsPart(vae.origins(), Map.of()));
    List<String> prefixes = kind.texts();
    texts.forEach(
        (component, clip) ->
            place(
                component,
                prefixes.get(component.equals("text_encoder") ? 0 : 1),
                part(component, clip)));
    useless();
  }

  /**
   * Understands a file.
   *
   * @throws BundleException if it is no Stable Diffusion, or not one that is known, naming what it
   *     lacks
   */
  static PublishedFolder of(Path file, SingleFileOptions options) {
    OriginalTensors tensors = OriginalTensors.of(file.toString(), PublishedWeights.mapped(file));
    WeightFilesContents contents =
        new WeightFilesContents(file.toString(), file, options, null, VOCABULARY_WANTED);
    SingleFile single = new SingleFile(tensors, Map.of(), options, contents);
    Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
    String name = String.valueOf(file.getFileName()).replaceFirst("\\.[^.]+$", "");
    return single.folder(folder, name, single.lines);
  }

  /**
   * Understands several, one for each network.
   *
   * @throws BundleException if one is missing, or they do not belong together
   */
  static PublishedFolder of(WeightFiles all, SingleFileOptions options) {
    FilePart unet = all.only(PartKind.UNET);
    Map<String, FilePart> files = new LinkedHashMap<>();
    files.put(OriginalUnet.PREFIX, unet);
    files.put(OriginalAutoencoder.PREFIX, all.only(PartKind.AUTOENCODER));
    List<FilePart> texts = new ArrayList<>(all.all(PartKind.CLIP, PartKind.OPEN_CLIP));
    // XL's first is narrower, and its second ends in a projection.
    texts.sort(
        Comparator.comparingLong(SingleFile::textWidth)
            .thenComparing(part -> part.kind() == PartKind.OPEN_CLIP)
            .thenComparing(part -> part.tensors().has("text_projection.weight")));
    boolean xl = unet.tensors().has("label_emb.0.0.weight");
    SingleFileKind kind =
        xl
            ? SingleFileKind.XL
            : !texts.isEmpty() && isOpen(texts.getFirst())
                ? SingleFileKind.TWO
                : SingleFileKind.ONE;
    List<String> prefixes = kind.texts();
    if (texts.size() != prefixes.size()) {
      throw new BundleException(
          "%s: a %s has %s text encoders, and here are %s: %s; give the files that belong together one by one"
              .formatted(
                  all.title(),
                  kind.title(),
                  prefixes.size(),
                  texts.size(),
                  texts.stream().map(FilePart::file).toList()));
    }
    for (int i = 0; i < prefixes.size(); i++) {
      files.put(prefixes.get(i), texts.get(i));
    }
    TreeMap<String, Tensor> named = new TreeMap<>();
    files.forEach(
        (prefix, part) ->
            part.tensors().tensors().forEach((name, tensor) -> named.put(prefix + name, tensor)));
    WeightFilesContents contents =
        new WeightFilesContents(
            all.title(),
            all.folder(),
            options,
            all.vocabulary(VOCABULARY).orElse(null),
            VOCABULARY_WANTED);
    SingleFile joined =
        new SingleFile(new OriginalTensors(all.title(), "", named), files, options, contents);
    List<String> lines = new ArrayList<>(all.lines());
    lines.addAll(joined.lines);
    return joined.folder(all.folder(), all.name(unet), lines);
  }

  private static long textWidth(FilePart part) {
    return part.tensors()
        .shape(
            part.kind() == PartKind.CLIP ? "text_model.final_layer_norm.weight" : "ln_final.weight")
        .getFirst();
  }

  /** Whether it is a text encoder of OpenCLIP's, by whatever names. */
  private static boolean isOpen(FilePart part) {
    return part.kind() == PartKind.OPEN_CLIP || textWidth(part) > OriginalClip.WIDEST_OF_OPENAI;
  }

  private PublishedFolder folder(Path folder, String name, List<String> told) {
    Map<String, String> classes = new LinkedHashMap<>(kind.components(""));
    if (!contents.configured()) {
      classes.put(
          "scheduler",
          contents
              .json("scheduler", "scheduler_config.json")
              .orElseThrow()
              .path("_class_name")
              .textValue());
    }
    return PublishedFolder.of(
        folder, name, contents.index(List.of(kind.pipeline()), classes), contents, told);
  }

  /** Says where a network's tensors are, each under its name in its own file. */
  private void place(String component, String prefix, PublishedWeights.WeightsPart part) {
    FilePart file = files.get(prefix);
    if (file == null) {
      contents.weights(component, new PublishedWeights(List.of(Path.of(tensors.file())), part));
      return;
    }
    Map<String, Origin> origins = new HashMap<>();
    part.origins()
        .forEach(
            (name, origin) ->
                origins.put(
                    name,
                    new Origin(
                        file.tensors().prefix() + origin.tensor().substring(prefix.length()),
                        origin.firstRow(),
                        origin.rows(),
                        origin.shape())));
    contents.weights(
        component, file.placed(new PublishedWeights.WeightsPart(origins, part.turned())));
  }

  private PublishedWeights.WeightsPart part(String component, OriginalClip clip) {
    int layers =
        contents.json(component, "config.json").orElseThrow().path("num_hidden_layers").asInt(12);
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
  private void useless() {
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
}
