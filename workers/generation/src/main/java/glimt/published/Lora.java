package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Low-rank changes of a network's matrices (Hu et al. 2021), as published in a file of their own.
 *
 * @param file named in errors
 * @param changes by the names of the changed modules, as the file has them
 */
record Lora(Path file, Map<String, Change> changes) {
  /** Of all spellings: PEFT's, diffusers' before and since, and kohya's. */
  private static final Pattern KEY =
      Pattern.compile(
          "(.+?)(?:[._]lora(?:_linear_layer)?[._](A|B|down|up)(?:\\.default)?\\.weight|\\.(alpha))");

  /** What a folder calls its only file. */
  private static final List<String> FILES =
      List.of("pytorch_lora_weights.safetensors", "adapter_model.safetensors");

  /** Where diffusers once kept what it trained for an attention. */
  private static final Pattern PROCESSOR = Pattern.compile("\\.processor\\.(to_out|to_[qkv])$");

  /** Changes of other kinds, by the ends of their keys. */
  private static final Map<String, Pattern> OTHERS =
      Map.of(
          "a DoRA",
          Pattern.compile(".*\\.(dora_scale|lora_magnitude_vector)(\\..*)?"),
          "a LoHa",
          Pattern.compile(".*\\.hada_\\w+"),
          "a LoKr",
          Pattern.compile(".*\\.lokr_\\w+"),
          "an OFT",
          Pattern.compile(".*\\.oft_\\w+(\\..*)?"),
          "a LoCon in Tucker's form",
          Pattern.compile(".*\\.lora_mid\\.weight"),
          "a LoRA with biases",
          Pattern.compile(".*[._]lora[._](A|B|down|up)(\\.default)?\\.bias"),
          "a difference of whole tensors",
          Pattern.compile(".*\\.(diff|diff_b|set_weight)"),
          "a textual inversion",
          Pattern.compile("bundle_emb\\..*|emb_params|string_to_param\\..*"));

  /**
   * W + s B A, where s is alpha by the rank.
   *
   * @param down A, [rank, inputs ...]
   * @param up B, [outputs, rank ...]
   * @param alpha the rank where the file has none
   */
  record Change(Tensor down, Tensor up, double alpha) {
    long rank() {
      return down.shape().getFirst();
    }

    /** Adds weight s B A to a matrix or kernel whose rows are the outputs. */
    void addTo(double[] values, double weight) {
      int rank = Math.toIntExact(rank());
      int inputs = down.size() / rank;
      int outputs = up.size() / rank;
      float[] a = down.floats();
      float[] b = up.floats();
      double scale = weight * alpha / rank;
      for (int row = 0; row < outputs; row++) {
        for (int r = 0; r < rank; r++) {
          double factor = scale * b[row * rank + r];
          for (int i = 0; i < inputs; i++) {
            values[row * inputs + i] += factor * a[r * inputs + i];
          }
        }
      }
    }

    boolean fits(Tensor base) {
      return base.shape().size() > 1
          && up.shape().getFirst().equals(base.shape().getFirst())
          && (long) up.size() / rank() * (down.size() / rank()) == base.size()
          && up.shape().get(1) == rank();
    }
  }

  /**
   * Reads a file.
   *
   * @throws BundleException naming a key that is none of a LoRA's, or misses its other half
   */
  static Lora of(Path given) {
    Path file = file(given);
    Safetensors tensors = PublishedWeights.mapped(file);
    LoraSettings settings = LoraSettings.of(file, tensors.metadata());
    Map<String, Tensor> downs = new LinkedHashMap<>();
    Map<String, Tensor> ups = new LinkedHashMap<>();
    Map<String, Tensor> alphas = new LinkedHashMap<>();
    tensors
        .tensors()
        .forEach(
            (name, tensor) -> {
              OTHERS.forEach(
                  (kind, ends) -> {
                    if (ends.matcher(name).matches()) {
                      throw new BundleException(
                          "%s: %s belongs to %s, which is not implemented; LoRA is"
                              .formatted(file, name, kind));
                    }
                  });
              Matcher key = KEY.matcher(name);
              if (!key.matches()) {
                throw new BundleException(
                    "%s: %s is no key of a LoRA; known end in lora_A.weight and lora_B.weight, lora_down.weight and lora_up.weight, and alpha"
                        .formatted(file, name));
              }
              Map<String, Tensor> half =
                  key.group(3) != null
                      ? alphas
                      : key.group(2).equals("A") || key.group(2).equals("down") ? downs : ups;
              half.put(module(key.group(1)), tensor);
            });
    Map<String, Change> changes = new LinkedHashMap<>();
    downs.forEach(
        (module, down) -> {
          Tensor up = ups.remove(module);
          if (up == null || down.shape().size() < 2 || up.shape().size() < 2) {
            throw new BundleException(
                "%s: %s needs two matrices, down and up".formatted(file, module));
          }
          @Nullable Tensor alpha = alphas.remove(module);
          long rank = down.shape().getFirst();
          changes.put(
              module,
              new Change(
                  down,
                  up,
                  alpha != null
                      ? alpha.floats()[0]
                      : settings != null ? settings.alpha(module, rank) : rank));
        });
    for (Map<String, Tensor> left : List.of(ups, alphas)) {
      if (!left.isEmpty()) {
        throw new BundleException(
            "%s: %s needs two matrices, down and up"
                .formatted(file, left.keySet().iterator().next()));
      }
    }
    return new Lora(file, changes);
  }

  /** What a module's matrix or kernel would be, outputs first. */
  List<Long> shape(String module) {
    Change change = Objects.requireNonNull(changes.get(module));
    List<Long> shape = new ArrayList<>(change.down.shape());
    shape.set(0, change.up.shape().getFirst());
    return shape;
  }

  /** What a folder of PEFT's or of diffusers' holds; else the file itself. */
  private static Path file(Path given) {
    if (!Files.isDirectory(given)) {
      return given;
    }
    return FILES.stream()
        .map(given::resolve)
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(
            () -> new BundleException("%s holds no LoRA: none of %s".formatted(given, FILES)));
  }

  private static String module(String name) {
    return PROCESSOR
        .matcher(name)
        .replaceFirst(
            match -> match.group(1).equals("to_out") ? ".to_out.0" : "." + match.group(1));
  }
}
