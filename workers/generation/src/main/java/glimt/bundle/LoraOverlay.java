package glimt.bundle;

import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import glimt.job.LoraChoice;
import glimt.model.BundleCard;
import glimt.model.LoraAdapter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The LoRAs that a job chose, laid over the weights of a network: tensors that they change are
 * copied and changed, and all others stay where they are mapped.
 *
 * @param loras in the order in which they are added up
 */
public record LoraOverlay(List<WeightedLora> loras) {
  /** No LoRA. */
  public static final LoraOverlay NONE = new LoraOverlay(List.of());

  /** How many values are changed at once, so that no tensor is in the heap as a whole. */
  private static final int BLOCK = 1 << 20;

  /** A LoRA of the bundle and its weight. */
  public record WeightedLora(LoraAdapter lora, double weight) {}

  private record WeightedChange(LowRankChange change, double weight) {}

  public LoraOverlay {
    loras = List.copyOf(loras);
  }

  /**
   * What a job chose.
   *
   * @throws IllegalArgumentException if the card has no such LoRA
   */
  public static LoraOverlay of(BundleCard card, List<LoraChoice> choices) {
    return new LoraOverlay(
        choices.stream()
            .map(choice -> new WeightedLora(card.lora(choice.name()), choice.weight()))
            .toList());
  }

  /** Returns those that change a network. */
  LoraOverlay on(String network) {
    return new LoraOverlay(
        loras.stream().filter(one -> one.lora.networks().contains(network)).toList());
  }

  /** Returns whether nothing is changed. */
  boolean isEmpty() {
    return loras.isEmpty();
  }

  /**
   * The weights of a network with their changes.
   *
   * @throws BundleException if a change does not fit
   */
  Safetensors over(Bundle bundle, String network) {
    Safetensors base = bundle.weights(network);
    Map<String, List<WeightedChange>> all = new LinkedHashMap<>();
    for (WeightedLora one : on(network).loras) {
      LoraTensors.changes(bundle.tensors(one.lora.file()), network)
          .forEach(
              (path, change) -> {
                check(one.lora, path, change, base.get(path));
                all.computeIfAbsent(path, _ -> new ArrayList<>())
                    .add(new WeightedChange(change, one.weight));
              });
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>(base.tensors());
    all.forEach((path, changes) -> tensors.put(path, changed(base.get(path), changes)));
    return new Safetensors(tensors);
  }

  private static void check(LoraAdapter lora, String path, LowRankChange change, Tensor base) {
    if (!change.fits(base)) {
      throw new BundleException(
          "%s: its change of %s by %s does not fit %s of %s"
              .formatted(
                  lora.file(), change.up().shape(), change.down().shape(), path, base.shape()));
    }
  }

  /** A copy outside the heap. */
  private static Tensor changed(Tensor base, List<WeightedChange> changes) {
    Dtype dtype = base.dtype();
    int rows = Math.toIntExact(base.shape().getFirst());
    int inputs = base.size() / rows;
    MemorySegment copy = NativeCopy.of(base.values(), Arena.ofAuto());
    int most = Math.max(1, BLOCK / inputs);
    for (int first = 0; first < rows; first += most) {
      int count = Math.min(most, rows - first);
      long start = (long) first * inputs * dtype.bytes;
      MemorySegment block = copy.asSlice(start, (long) count * inputs * dtype.bytes);
      List<Long> shape = List.of((long) count, (long) inputs);
      double[] values = wide(new Tensor(dtype, shape, block).floats());
      for (WeightedChange one : changes) {
        one.change.addTo(values, first, one.weight);
      }
      block.copyFrom(Tensor.of(narrow(values), count, inputs).as(dtype).values());
    }
    return new Tensor(dtype, base.shape(), copy);
  }

  private static double[] wide(float[] floats) {
    double[] values = new double[floats.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
    return values;
  }

  private static float[] narrow(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
