package glimt.published;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a single file of weights does not say.
 *
 * @param config a folder of diffusers whose configurations, scheduler and tokenizers hold, and
 *     whose weights are not looked at
 * @param tokenizer a folder with CLIP's {@code vocab.json} and {@code merges.txt}
 * @param prediction {@code v} or {@code epsilon}; empty for what is usual
 */
public record SingleFileOptions(
    @Nullable Path config, @Nullable Path tokenizer, String prediction) {
  /** The network answers the noise. */
  static final String EPSILON = "epsilon";

  /** The network answers the velocity (Salimans and Ho 2022). */
  static final String V = "v";

  /** Nothing is said. */
  public static final SingleFileOptions NONE = new SingleFileOptions(null, null, "");

  public SingleFileOptions {
    if (!prediction.isEmpty() && !prediction.equals(V) && !prediction.equals(EPSILON)) {
      throw new IllegalArgumentException("prediction must be v or epsilon, not " + prediction);
    }
  }
}
