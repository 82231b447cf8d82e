package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.LoraTensors;
import glimt.bundle.LowRankChange;
import glimt.bundle.NetworkSource;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.LoraAdapter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A LoRA that jobs may choose, on its way into a bundle under the names of the sources. */
final class OfferedLora {
  private final String name;
  private final Lora lora;
  private final Set<String> left;

  /** By the paths in the sources, by the stems of the networks. */
  private final Map<String, Map<String, LowRankChange>> changes = new TreeMap<>();

  OfferedLora(String name, Lora lora) {
    this.name = name;
    this.lora = lora;
    this.left = new TreeSet<>(lora.changes().keySet());
    lora.changes()
        .forEach(
            (module, change) -> {
              FiniteWeights.check(lora.file().toString(), Origin.of(module), change.down());
              FiniteWeights.check(lora.file().toString(), Origin.of(module), change.up());
            });
  }

  /**
   * Takes what changes a network.
   *
   * @param stem of its files in the bundle
   * @param component as the field calls it
   * @throws BundleException naming a change that does not fit its tensor
   */
  void take(String stem, String component, Safetensors published, PublishedNetwork network) {
    LoraNames names = new LoraNames(component, published.tensors().keySet());
    Map<String, LowRankChange> byTensor = new TreeMap<>();
    for (Map.Entry<String, Tensor> tensor : published.tensors().entrySet()) {
      List<LowRankChange> found = lora.of(tensor.getKey(), tensor.getValue(), names, left);
      if (found.size() > 1) {
        throw new BundleException(
            "%s changes %s under two names".formatted(lora.file(), tensor.getKey()));
      }
      found.forEach(change -> byTensor.put(tensor.getKey(), change));
    }
    Map<String, LowRankChange> byPath = new TreeMap<>();
    for (String path : NetworkSource.parse(stem + ".py", network.source()).tensors().keySet()) {
      Origin origin = network.origin(path);
      LowRankChange change = byTensor.get(origin.tensor());
      if (change != null) {
        byPath.put(path, change.rows(origin.firstRow(), origin.rows()));
      }
    }
    if (!byPath.isEmpty()) {
      changes.put(stem, byPath);
    }
  }

  /** What the bundle's file is called. */
  String file() {
    return LoraTensors.name(name);
  }

  void write(Path folder) {
    LoraTensors.write(folder.resolve(file()), changes);
  }

  /** What the card says of it. */
  LoraAdapter adapter() {
    return new LoraAdapter(name, file(), List.copyOf(changes.keySet()));
  }

  /**
   * Refuses changes that no network took.
   *
   * @throws BundleException naming them
   */
  void close() {
    lora.refuse(left);
  }
}
