package glimt.published;

import glimt.model.NumberFormat;

/** Which networks need another format than the one that is asked for. */
final class SafeFormat {
  private SafeFormat() {}

  /**
   * The format that a network can compute in: T5's activations, and those of autoencoders whose
   * configuration says {@code force_upcast}, grow beyond float16.
   *
   * @param asked the format that is asked for
   * @param architecture the network's class, as {@link Architectures} knows it
   */
  static NumberFormat of(NumberFormat asked, String architecture, PublishedConfig config) {
    if (asked != NumberFormat.FLOAT16) {
      return asked;
    }
    if (architecture.contains("T5EncoderModel")) {
      return NumberFormat.BFLOAT16;
    }
    boolean upcast = config.flag("force_upcast", true);
    return architecture.startsWith("Autoencoder") && upcast ? NumberFormat.FLOAT32 : asked;
  }
}
