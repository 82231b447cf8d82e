package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.LowRankChange;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The low-rank changes of an import: those that it merges into the weights of its networks, in
 * their order, and those that it offers to jobs.
 */
final class Loras {
  private record Weighted(Lora lora, double weight, Set<String> left) {}

  private final List<Weighted> all = new ArrayList<>();
  private final List<OfferedLora> offered = new ArrayList<>();

  Loras(List<ImportOptions.LoraFile> files) {
    this(files, List.of());
  }

  /**
   * @param names of those that jobs may choose
   */
  Loras(List<ImportOptions.LoraFile> files, List<ImportOptions.NamedLora> names) {
    for (ImportOptions.LoraFile one : files) {
      Lora lora = Lora.of(one.file());
      all.add(new Weighted(lora, one.weight(), new TreeSet<>(lora.changes().keySet())));
    }
    names.forEach(one -> offered.add(new OfferedLora(one.name(), Lora.of(one.file()))));
  }

  /**
   * The tensors of a network that change, in the format of the base.
   *
   * @param component the network, such as {@code unet} or {@code text_encoder}
   * @throws BundleException naming a change that does not fit its tensor
   */
  Map<String, Tensor> merged(String component, Safetensors published) {
    Map<String, Tensor> merged = new LinkedHashMap<>();
    if (all.isEmpty()) {
      return merged;
    }
    LoraNames names = new LoraNames(component, published.tensors().keySet());
    published
        .tensors()
        .forEach(
            (name, base) -> {
              double[] values = null;
              for (Weighted one : all) {
                for (LowRankChange change : one.lora.of(name, base, names, one.left)) {
                  values = values == null ? wide(base) : values;
                  change.addTo(values, 0, one.weight);
                }
              }
              if (values != null) {
                merged.put(name, narrow(values, base));
              }
            });
    return merged;
  }

  /**
   * Offers jobs the changes of a network.
   *
   * @param stem of its files in the bundle
   * @param component as in {@link #merged}
   * @throws BundleException naming a change that does not fit its tensor
   */
  void offer(String stem, String component, Safetensors published, PublishedNetwork network) {
    offered.forEach(one -> one.take(stem, component, published, network));
  }

  /** Those that jobs may choose. */
  List<OfferedLora> offered() {
    return List.copyOf(offered);
  }

  /**
   * Refuses a file some of whose changes no network took.
   *
   * @throws BundleException naming them
   */
  void close() {
    all.forEach(one -> one.lora.refuse(one.left));
    offered.forEach(OfferedLora::close);
  }

  private static double[] wide(Tensor base) {
    float[] floats = base.floats();
    double[] values = new double[floats.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
    return values;
  }

  private static Tensor narrow(double[] values, Tensor base) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return Tensor.of(floats, base.dimensions()).as(base.dtype());
  }
}
