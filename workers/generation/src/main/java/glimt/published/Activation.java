package glimt.published;

import java.util.Map;

/**
 * A function between layers, as sources call it.
 *
 * @param call with {@code %s} for what it is applied to
 */
record Activation(String call) {
  private static final String TANH_GELU = "torch.gelu(%s, approximate=\"tanh\")";

  private static final Map<String, String> CALLS =
      Map.ofEntries(
          Map.entry("silu", "torch.silu(%s)"),
          Map.entry("swish", "torch.silu(%s)"),
          Map.entry("gelu", "torch.gelu(%s)"),
          Map.entry("gelu_python", "torch.gelu(%s)"),
          Map.entry("gelu_new", TANH_GELU),
          Map.entry("gelu_fast", TANH_GELU),
          Map.entry("gelu_accurate", TANH_GELU),
          Map.entry("gelu_pytorch_tanh", TANH_GELU),
          Map.entry("quick_gelu", "quick_gelu(%s)"),
          Map.entry("mish", "torch.mish(%s)"),
          Map.entry("relu", "torch.relu(%s)"),
          Map.entry("relu6", "torch.clamp(%s, 0., 6.)"),
          Map.entry("linear", "%s"),
          Map.entry("sigmoid", "torch.sigmoid(%s)"),
          Map.entry("tanh", "torch.tanh(%s)"));

  static final Activation SILU = new Activation("torch.silu(%s)");

  /** Leaves values as they are. */
  static final Activation NONE = new Activation("%s");

  /**
   * The one that a configuration names.
   *
   * @param otherwise where it names none; empty for no function at all
   * @throws glimt.bundle.BundleException if it is not known
   */
  static Activation of(PublishedConfig config, String key, String otherwise) {
    return named(config, key, config.text(key, otherwise));
  }

  /**
   * The one of a name that a configuration's key gives or implies.
   *
   * @param name empty for no function at all
   * @throws glimt.bundle.BundleException if it is not known
   */
  static Activation named(PublishedConfig config, String key, String name) {
    String call = name.isEmpty() ? NONE.call : CALLS.get(name);
    if (call == null) {
      throw config.refused(key, "only %s are implemented".formatted(CALLS.keySet()));
    }
    return new Activation(call);
  }

  String of(String z) {
    return call.formatted(z);
  }
}
