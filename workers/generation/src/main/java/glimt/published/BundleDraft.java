package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Bundle;
import glimt.bundle.BundleException;
import glimt.bundle.NetworkSource;
import glimt.bundle.Origin;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.TensorNames;
import glimt.json.Json;
import glimt.model.BundleCard;
import glimt.model.LoraAdapter;
import glimt.model.NumberFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a bundle in the making: sources that are written, and weights that stay where they
 * are published. A file of weights is linked to, and only a pickle is written anew.
 */
final class BundleDraft {
  private static final String WEIGHTS = ".safetensors";
  private static final String INDEX = ".index.json";

  private final Path folder;
  private final String prefix;
  private final Map<String, String> files;
  private final Map<String, Long> sizes;
  private final List<String> lines;

  /** In which link each tensor is of a file that was linked to for a network, by that file. */
  private final Map<Path, Map<String, String>> linked;

  private final Map<String, NumberFormat> formats;
  private final Loras loras;
  private final @Nullable NumberFormat dtype;

  /**
   * @param folder where it is written, which exists
   * @param loras merged into the weights of the networks that they change, or offered to jobs
   * @param dtype that all networks are kept in and compute in, where that is safe; null for the
   *     published one and the worker's
   */
  BundleDraft(Path folder, Loras loras, @Nullable NumberFormat dtype) {
    this(
        folder,
        "",
        new TreeMap<>(),
        new TreeMap<>(),
        new ArrayList<>(),
        new LinkedHashMap<>(),
        new TreeMap<>(),
        loras,
        dtype);
  }

  private BundleDraft(
      Path folder,
      String prefix,
      Map<String, String> files,
      Map<String, Long> sizes,
      List<String> lines,
      Map<Path, Map<String, String>> linked,
      Map<String, NumberFormat> formats,
      Loras loras,
      @Nullable NumberFormat dtype) {
    this.folder = folder;
    this.prefix = prefix;
    this.files = files;
    this.sizes = sizes;
    this.lines = lines;
    this.linked = linked;
    this.formats = formats;
    this.loras = loras;
    this.dtype = dtype;
  }

  /** The same in the published format. */
  BundleDraft(Path folder, Loras loras) {
    this(folder, loras, null);
  }

  /**
   * The same bundle, for another pipeline whose files begin with a prefix. No LoRA changes its
   * weights.
   */
  BundleDraft prefixed(String other) {
    return new BundleDraft(
        folder, other, files, sizes, lines, linked, formats, new Loras(List.of()), dtype);
  }

  /** Whether two networks of the bundle are the same: their sources, weights and names. */
  boolean same(String stem, String other) {
    return Stream.of(".py", WEIGHTS, WEIGHTS + INDEX, TensorNames.file(""), Bundle.merged(""))
        .allMatch(end -> Objects.equals(files.get(stem + end), files.get(other + end)));
  }

  /** The digest of a file of the bundle, empty if there is none. */
  String digest(String name) {
    return files.getOrDefault(name, "");
  }

  /** Takes a network out again. */
  void remove(String stem) {
    for (String name : List.copyOf(files.keySet())) {
      if (name.startsWith(stem + ".") || name.startsWith(stem + "-")) {
        files.remove(name);
        try {
          Files.deleteIfExists(folder.resolve(name));
        } catch (IOException broken) {
          throw new BundleException("cannot remove %s: %s".formatted(name, broken), broken);
        }
      }
    }
    sizes.remove(stem);
  }

  /** What was understood, a line for each network. */
  List<String> lines() {
    return List.copyOf(lines);
  }

  /**
   * Takes in a network: checks every tensor of its weights, and writes source, names and links.
   *
   * @param stem of its files in the bundle
   * @param architecture its class, as {@link Architectures} knows it
   * @throws BundleException naming what is not implemented, or does not fit
   */
  void network(String stem, PublishedFolder from, String component, String architecture) {
    network(stem, from.weights(component), from.config(component), architecture);
  }

  /**
   * The same of weights that are no component.
   *
   * @param given is closed
   */
  void network(String stem, PublishedWeights weights, PublishedConfig given, String architecture) {
    network(
        stem,
        weights,
        given,
        architecture,
        (config, tensors) -> Architectures.of(architecture, config, tensors));
  }

  /** The same of a network that a pipeline knows better. */
  void network(
      String stem,
      PublishedFolder from,
      String component,
      String architecture,
      Architectures.Architecture written) {
    network(stem, from.weights(component), from.config(component), architecture, written);
  }

  private void network(
      String name,
      PublishedWeights weights,
      PublishedConfig given,
      String architecture,
      Architectures.Architecture written) {
    String stem = prefix + name;
    Safetensors untouched = weights.map();
    Map<String, Tensor> merged = loras.merged(name, untouched);
    Map<String, Tensor> tensors = new LinkedHashMap<>(untouched.tensors());
    tensors.putAll(merged);
    Safetensors published = new Safetensors(tensors);
    PublishedNetwork network;
    try (given) {
      network = written.of(given, published.tensors().keySet());
    }
    String file = weights.files().getFirst().toString();
    Safetensors named = network.weights(file, published);
    named
        .tensors()
        .forEach((path, tensor) -> FiniteWeights.check(file, network.origin(path), tensor));
    loras.offer(stem, name, published, network);
    text(stem + ".py", network.source());
    NetworkSource source = NetworkSource.parse(stem + ".py", network.source());
    files.putAll(source.pins());
    Map<String, Origin> origins = new LinkedHashMap<>();
    source.tensors().keySet().forEach(path -> origins.put(path, network.origin(path)));
    PublishedWeights.WeightsPart part = weights.part();
    boolean index = file.contains(WEIGHTS + ".index.");
    Dtype kept = kept(stem, architecture, given);
    if (kept != null && named.tensors().values().stream().anyMatch(one -> one.dtype() != kept)) {
      named.write(folder.resolve(stem + WEIGHTS), kept);
      pin(stem + WEIGHTS);
    } else if (weights.isPickled()) {
      named.write(folder.resolve(stem + WEIGHTS));
      pin(stem + WEIGHTS);
    } else if (part != null) {
      part(stem, Path.of(file), part);
      origins.replaceAll((_, origin) -> part.origin(origin));
      text(TensorNames.file(stem), new TensorNames(origins).json());
    } else if (index) {
      shards(stem, Path.of(file));
      text(TensorNames.file(stem), new TensorNames(origins).json());
    } else {
      link(stem + WEIGHTS, Path.of(file));
      text(TensorNames.file(stem), new TensorNames(origins).json());
    }
    if (files.containsKey(TensorNames.file(stem)) && !merged.isEmpty()) {
      Map<String, Tensor> changed = new LinkedHashMap<>(named.tensors());
      changed.keySet().removeIf(path -> !merged.containsKey(network.origin(path).tensor()));
      new Safetensors(changed).write(folder.resolve(Bundle.merged(stem)));
      pin(Bundle.merged(stem));
    }
    long bytes =
        named.tensors().values().stream()
            .mapToLong(one -> size(one) * (kept == null ? one.dtype() : kept).bytes)
            .sum();
    sizes.put(stem, bytes);
    lines.add(
        "%s: %s, %s tensors, %s bytes, from %s"
            .formatted(stem, architecture, named.tensors().size(), bytes, file));
  }

  private static long size(Tensor tensor) {
    return tensor.values().byteSize() / tensor.dtype().bytes;
  }

  /** The format that is asked for, but where a network is known to overflow in it. */
  private @Nullable Dtype kept(String stem, String architecture, PublishedConfig given) {
    if (dtype == null) {
      return null;
    }
    NumberFormat format = SafeFormat.of(dtype, architecture, given);
    if (format != dtype) {
      lines.add(
          "%s is kept and computes in %s, since %s may overflow in float16"
              .formatted(stem, format.name().toLowerCase(Locale.ROOT), architecture));
    }
    formats.put(stem, format);
    return Precision.of(format).dtype();
  }

  /** Links to each shard, and writes the index that finds them under their new names. */
  private void shards(String stem, Path index) {
    index(stem, shardNames(stem, index));
  }

  /** Links to each shard of an index, once, and says in which of the links each tensor is. */
  private Map<String, String> shardNames(String stem, Path index) {
    Map<String, String> places = new LinkedHashMap<>();
    Map<Path, String> renamed = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> place :
        PublishedFolder.json(index).path("weight_map").properties()) {
      Path shard = index.resolveSibling(place.getValue().textValue());
      String name =
          renamed.computeIfAbsent(shard, _ -> "%s-%s%s".formatted(stem, renamed.size(), WEIGHTS));
      places.put(place.getKey(), name);
    }
    renamed.forEach((shard, name) -> link(name, shard));
    return places;
  }

  /**
   * Links to a file that holds more than a network, or the network under other names, once for all
   * of its networks, and writes an index that finds its tensors there; those that are copies are in
   * a file beside it.
   */
  private void part(String stem, Path file, PublishedWeights.WeightsPart part) {
    Map<String, String> places =
        new LinkedHashMap<>(
            linked.computeIfAbsent(
                file,
                _ -> {
                  String link = "weights-" + linked.size();
                  if (file.toString().endsWith(".json")) {
                    return shardNames(link, file);
                  }
                  link(link + WEIGHTS, file);
                  Map<String, String> all = new LinkedHashMap<>();
                  Safetensors.map(file)
                      .tensors()
                      .keySet()
                      .forEach(name -> all.put(name, link + WEIGHTS));
                  return all;
                }));
    if (!part.turned().isEmpty()) {
      String turned = stem + "-turned" + WEIGHTS;
      new Safetensors(part.turned()).write(folder.resolve(turned));
      pin(turned);
      part.turned().keySet().forEach(name -> places.put(name, turned));
    }
    index(stem, places);
  }

  private void index(String stem, Map<String, String> places) {
    ObjectNode written = Json.mapper().createObjectNode();
    ObjectNode map = written.putObject("weight_map");
    places.forEach(map::put);
    text(stem + WEIGHTS + INDEX, written.toPrettyString() + "\n");
  }

  /** Copies a small file into the bundle, in the folder of its component. */
  String copy(String copied, Path from) {
    String name = prefix + copied;
    Path to = folder.resolve(name);
    try {
      Files.createDirectories(Objects.requireNonNull(to.getParent()));
      Files.copy(from, to);
    } catch (IOException broken) {
      throw new BundleException("cannot copy %s to %s: %s".formatted(from, to, broken), broken);
    }
    return pin(name);
  }

  private void text(String name, String text) {
    try {
      Files.writeString(folder.resolve(name), text);
    } catch (IOException broken) {
      throw new BundleException(
          "cannot write %s: %s".formatted(folder.resolve(name), broken), broken);
    }
    pin(name);
  }

  /** The file itself under another name; where that cannot be, a symbolic link to it. */
  private void link(String name, Path published) {
    Path link = folder.resolve(name);
    try {
      Path file = published.toRealPath(); // caches keep links to files named by their digest
      try {
        Files.createLink(link, file);
      } catch (IOException | UnsupportedOperationException _) { // on another file system
        Files.createSymbolicLink(link, file);
      }
    } catch (IOException broken) {
      throw new BundleException(
          "cannot link %s to %s: %s".formatted(link, published, broken), broken);
    }
    pin(name);
  }

  private String pin(String name) {
    files.put(name, Bundle.sha256(folder.resolve(name)));
    return name;
  }

  /** Writes the card, with the digests of all files and the sizes of all weights. */
  void finish(BundleCard card) {
    loras.close();
    for (OfferedLora lora : loras.offered()) {
      lora.write(folder);
      pin(lora.file());
    }
    List<LoraAdapter> adapters = loras.offered().stream().map(OfferedLora::adapter).toList();
    Bundle.write(folder, card.holding(files, sizes, formats, adapters));
  }
}
