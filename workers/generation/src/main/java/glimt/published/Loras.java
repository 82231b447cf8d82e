package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The low-rank changes that an import merges into the weights of its networks, in their order. */
final class Loras {
  private static final String WEIGHT = ".weight";

  private record Weighted(Lora lora, double weight, Set<String> left) {}

  private final List<Weighted> all = new ArrayList<>();

  Loras(List<ImportOptions.LoraFile> files) {
    for (ImportOptions.LoraFile one : files) {
      Lora lora = Lora.of(one.file());
      all.add(new Weighted(lora, one.weight(), new TreeSet<>(lora.changes().keySet())));
    }
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
              if (name.endsWith(WEIGHT)) {
                String module = name.substring(0, name.length() - WEIGHT.length());
                double[] values = null;
                for (Weighted one : all) {
                  for (String called : names.of(module)) {
                    Lora.Change change = one.lora.changes().get(called);
                    if (change != null && one.left.remove(called)) {
                      if (!change.fits(base)) {
                        throw new BundleException(
                            "%s: %s is a change of %s by %s, which does not fit %s of %s"
                                .formatted(
                                    one.lora.file(),
                                    called,
                                    change.up().shape(),
                                    change.down().shape(),
                                    name,
                                    base.shape()));
                      }
                      values = values == null ? wide(base) : values;
                      change.addTo(values, one.weight);
                    }
                  }
                }
                if (values != null) {
                  merged.put(name, narrow(values, base));
                }
              }
            });
    return merged;
  }

  /**
   * Refuses a file some of whose changes no network took.
   *
   * @throws BundleException naming them
   */
  void close() {
    for (Weighted one : all) {
      if (!one.left.isEmpty()) {
        throw new BundleException(
            "%s does not fit: no network has %s%s"
                .formatted(
                    one.lora.file(),
                    one.left.stream()
                        .limit(6)
                        .map(module -> module + " of " + one.lora.shape(module))
                        .collect(Collectors.joining(", ")),
                    one.left.size() > 6 ? " and %s more".formatted(one.left.size() - 6) : ""));
      }
    }
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
