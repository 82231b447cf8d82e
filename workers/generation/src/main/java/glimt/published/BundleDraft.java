package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Bundle;
import glimt.bundle.BundleException;
import glimt.bundle.NetworkSource;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.TensorNames;
import glimt.json.Json;
import glimt.model.BundleCard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The files of a bundle in the making: sources that are written, and weights that stay where they
 * are published. A file of weights is linked to, and only a pickle is written anew.
 */
final class BundleDraft {
  private static final String WEIGHTS = ".safetensors";
  private static final String INDEX = ".index.json";

  /** The stem of a file that holds several networks. */
  private static final String SINGLE = "single";

  private final Path folder;
  private final String prefix;
  private final Map<String, String> files;
  private final Map<String, Long> sizes;
  private final List<String> lines;
  private final Loras loras;

  /**
   * @param folder where it is written, which exists
   * @param loras merged into the weights of the networks that they change
   */
  BundleDraft(Path folder, Loras loras) {
    this(folder, "", new TreeMap<>(), new TreeMap<>(), new ArrayList<>(), loras);
  }

  private BundleDraft(
      Path folder,
      String prefix,
      Map<String, String> files,
      Map<String, Long> sizes,
      List<String> lines,
      Loras loras) {
    this.folder = folder;
    this.prefix = prefix;
    this.files = files;
    this.sizes = sizes;
    this.lines = lines;
    this.loras = loras;
  }

  /**
   * The same bundle, for another pipeline whose files begin with a prefix. No LoRA is merged into
   * its weights.
   */
  BundleDraft prefixed(String other) {
    return new BundleDraft(folder, other, files, sizes, lines, new Loras(List.of()));
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
    text(stem + ".py", network.source());
    NetworkSource source = NetworkSource.parse(stem + ".py", network.source());
    files.putAll(source.pins());
    Map<String, Origin> origins = new LinkedHashMap<>();
    source.tensors().keySet().forEach(path -> origins.put(path, network.origin(path)));
    PublishedWeights.WeightsPart part = weights.part();
    boolean index = file.contains(WEIGHTS + ".index.");
    if (!index && PublishedWeights.isPickle(Path.of(file))) {
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
        named.tensors().values().stream().mapToLong(tensor -> tensor.values().byteSize()).sum();
    sizes.put(stem, bytes);
    lines.add(
        "%s is a %s of %s tensors, %s bytes, from %s"
            .formatted(stem, architecture, named.tensors().size(), bytes, file));
  }

  /** Links to each shard, and writes the index that finds them under their new names. */
  private void shards(String stem, Path index) {
    ObjectNode written = Json.mapper().createObjectNode();
    ObjectNode places = written.putObject("weight_map");
    Map<String, String> renamed = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> place :
        PublishedFolder.json(index).path("weight_map").properties()) {
      String shard = place.getValue().textValue();
      String name =
          renamed.computeIfAbsent(shard, _ -> "%s-%s%s".formatted(stem, renamed.size(), WEIGHTS));
      places.put(place.getKey(), name);
    }
    renamed.forEach((shard, name) -> link(name, index.resolveSibling(shard)));
    text(stem + WEIGHTS + INDEX, written.toPrettyString() + "\n");
  }

  /**
   * Links to a file that holds several networks, once for all of them, and writes an index that
   * finds its tensors there; those that are copies are in a file beside it.
   */
  private void part(String stem, Path file, PublishedWeights.WeightsPart part) {
    String single = prefix + SINGLE + WEIGHTS;
    if (!files.containsKey(single)) {
      link(single, file);
    }
    ObjectNode written = Json.mapper().createObjectNode();
    ObjectNode places = written.putObject("weight_map");
    Safetensors.map(file).tensors().keySet().forEach(name -> places.put(name, single));
    if (!part.turned().isEmpty()) {
      String turned = stem + "-turned" + WEIGHTS;
      new Safetensors(part.turned()).write(folder.resolve(turned));
      pin(turned);
      part.turned().keySet().forEach(name -> places.put(name, turned));
    }
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
    Bundle.write(folder, card.holding(files, sizes));
  }
}
