package glimt.bundle;

import glimt.bundle.Safetensors.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The file of a LoRA that jobs may choose: for each tensor that it changes, by its path in the
 * source of its network, {@code NETWORK/PATH.down} and {@code NETWORK/PATH.up}; and in the header
 * the alpha of {@code NETWORK/PATH}.
 */
public final class LoraTensors {
  private static final String DOWN = ".down";
  private static final String UP = ".up";

  private LoraTensors() {}

  /** What the file is called in its bundle. */
  public static String name(String lora) {
    return lora + ".lora.safetensors";
  }

  /**
   * Writes it.
   *
   * @param changes by the tensors' paths, by the networks' stems
   */
  public static void write(Path file, Map<String, Map<String, LowRankChange>> changes) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Map<String, String> alphas = new LinkedHashMap<>();
    changes.forEach(
        (network, all) ->
            all.forEach(
                (path, change) -> {
                  String key = network + "/" + path;
                  tensors.put(key + DOWN, change.down());
                  tensors.put(key + UP, change.up());
                  alphas.put(key, Double.toString(change.alpha()));
                }));
    new Safetensors(tensors, alphas).write(file);
  }

  /**
   * The changes of a network.
   *
   * @return by the paths of its source
   * @throws BundleException if the file is not whole
   */
  static Map<String, LowRankChange> changes(Safetensors file, String network) {
    Map<String, LowRankChange> changes = new LinkedHashMap<>();
    file.metadata()
        .forEach(
            (key, alpha) -> {
              if (key.startsWith(network + "/")) {
                changes.put(
                    key.substring(network.length() + 1),
                    new LowRankChange(
                        file.get(key + DOWN), file.get(key + UP), number(key, alpha)));
              }
            });
    return changes;
  }

  private static double number(String key, String alpha) {
    try {
      return Double.parseDouble(alpha);
    } catch (NumberFormatException broken) {
      throw new BundleException("the alpha of %s is %s".formatted(key, alpha), broken);
    }
  }
}
