package glimt.published;

import java.util.Map;
import java.util.TreeSet;

/**
 * An activation function by the name that configurations give it, as an expression of a source.
 *
 * @param expression of {@code %s}
 */
record Activation(String expression) {
  private static final String TANH_GELU = "torch.gelu(%s, approximate=\"tanh\")";
  private static final String SILU = "torch.silu(%s)";
  private static final String GELU = "torch.gelu(%s)";

  private static final Map<String, String> BY_NAME =
      Map.ofEntries(
          Map.entry("relu", "torch.relu(%s)"),
          Map.entry("relu6", "torch.clamp(torch.relu(%s), 0., 6.)"),
          Map.entry("gelu", GELU),
          Map.entry("gelu_python", GELU),
          Map.entry("gelu_new", TANH_GELU),
          Map.entry("gelu_fast", TANH_GELU),
          Map.entry("gelu_accurate", TANH_GELU),
          Map.entry("gelu_pytorch_tanh", TANH_GELU),
          Map.entry("quick_gelu", "%1$s * torch.sigmoid(%1$s * 1.702)"),
          Map.entry("silu", SILU),
          Map.entry("swish", SILU),
          Map.entry("mish", "torch.mish(%s)"),
          Map.entry("sigmoid", "torch.sigmoid(%s)"),
          Map.entry("tanh", "torch.tanh(%s)"),
          Map.entry("linear", "%s"));

  /**
   * Reads an activation of a transformers configuration.
   *
   * @param key whose value names it, for errors
   * @throws glimt.bundle.BundleException if it is not implemented
   */
  static Activation of(PublishedConfig config, String key, String name) {
    String expression = BY_NAME.get(name);
    if (expression == null) {
      throw config.refused(key, "activations are " + new TreeSet<>(BY_NAME.keySet()));
    }
    return new Activation(expression);
  }

  /** The function of a variable. */
  String of(String variable) {
    return expression.formatted(variable);
  }
}
