package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.LowRankChange;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Low-rank changes of a network's matrices (Hu et al. 2021), as published in a file of their own.
 *
 * @param file named in errors
 * @param changes by the names of the changed modules, as the file has them
 */
record Lora(Path file, Map<String, LowRankChange> changes) {
  private static final String WEIGHT = ".weight";

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
    Map<String, LowRankChange> changes = new LinkedHashMap<>();
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
              new LowRankChange(
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

  /**
   * The changes of a tensor: usually one, or none.
   *
   * @param name of the tensor
   * @param names of the modules of its network in files of LoRA
   * @param left the modules that no tensor had yet; those of this one are taken out
   * @throws BundleException naming a change that does not fit the tensor
   */
  List<LowRankChange> of(String name, Tensor base, LoraNames names, Set<String> left) {
    if (!name.endsWith(WEIGHT)) {
      return List.of();
    }
    List<LowRankChange> found = new ArrayList<>();
    String module = name.substring(0, name.length() - WEIGHT.length());
    for (String called : names.of(module)) {
      LowRankChange change = changes.get(called);
      if (change != null && left.remove(called)) {
        if (!change.fits(base)) {
          throw new BundleException(
              "%s: %s is a change of %s by %s, which does not fit %s of %s"
                  .formatted(
                      file,
                      called,
                      change.up().shape(),
                      change.down().shape(),
                      name,
                      base.shape()));
        }
        found.add(change);
      }
    }
    return found;
  }

  /**
   * Refuses a file some of whose changes no network took.
   *
   * @param left their modules
   * @throws BundleException naming them
   */
  void refuse(Set<String> left) {
    if (!left.isEmpty()) {
      throw new BundleException(
          "%s does not fit: no network has %s%s"
              .formatted(
                  file,
                  left.stream()
                      .limit(6)
                      .map(module -> module + " of " + shape(module))
                      .collect(Collectors.joining(", ")),
                  left.size() > 6 ? " and %s more".formatted(left.size() - 6) : ""));
    }
  }

  /** What a module's matrix or kernel would be, outputs first. */
  private List<Long> shape(String module) {
    LowRankChange change = Objects.requireNonNull(changes.get(module));
    List<Long> shape = new ArrayList<>(change.down().shape());
    shape.set(0, change.up().shape().getFirst());
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
