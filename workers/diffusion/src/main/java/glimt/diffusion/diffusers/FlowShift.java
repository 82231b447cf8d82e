package glimt.diffusion.diffusers;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The shift of flow matching times towards noise: t' = s t / (1 + (s - 1) t) (Esser et al. 2024,
 * eq. 23), where s may depend on the size of the image.
 *
 * @param factor the fixed value of s
 * @param dynamic whether each walk determines s from its mu instead
 * @param exponential whether the dynamic s is exp(mu) instead of mu
 * @param terminal the time to which the last time is stretched, or null
 * @param line the dependence of mu on the number of tokens, or null
 */
record FlowShift(
    double factor,
    boolean dynamic,
    boolean exponential,
    @Nullable Double terminal,
    @Nullable Line line) {

  /** A line through two points that gives mu for a number of image tokens. */
  record Line(double tokens, double mu, double moreTokens, double moreMu) {
    double mu(double at) {
      return mu + (at - tokens) * (moreMu - mu) / (moreTokens - tokens);
    }
  }

  /**
   * Reads the settings of the shift.
   *
   * @param key the key of the fixed factor
   */
  static FlowShift of(PublishedSettings settings, String key) {
    boolean dynamic = settings.flagIfKnown("use_dynamic_shifting");
    boolean exponential =
        !settings.knows("time_shift_type")
            || LevelWalks.oneOf(settings, "time_shift_type", "exponential", "linear")
                .equals("exponential");
    Line line =
        settings.knows("base_shift")
            ? new Line(
                settings.number("base_image_seq_len"),
                settings.number("base_shift"),
                settings.number("max_image_seq_len"),
                settings.number("max_shift"))
            : null;
    Double terminal = SharedSettings.optional(settings, "shift_terminal");
    return new FlowShift(
        settings.number(key),
        dynamic,
        exponential,
        terminal == null || terminal == 0 ? null : terminal,
        line);
  }

  /** Shifts a time by the fixed factor, unless the shift is dynamic. */
  double fixed(double t) {
    return dynamic ? t : by(factor, t);
  }

  /** {@link #fixed} in 32 bits. */
  float narrowFixed(float t) {
    return dynamic ? t : (float) factor * t / (1 + (float) (factor - 1) * t);
  }

  /** Shifts times with the fixed factor or with that of the walk. */
  double[] shifted(double[] times, PublishedSettings asked) {
    double s = dynamic ? dynamicFactor(asked) : factor;
    if (!dynamic && asked.knows("mu") && (asked.has("mu") || asked.has("image_seq_len"))) {
      throw asked.refused(asked.has("mu") ? "mu" : "image_seq_len", "without dynamic shifting");
    }
    // Two forms of one formula, as published: their last bits decide the whole times of some walks.
    return Arrays.stream(times).map(t -> dynamic ? s / (s + (1 / t - 1)) : by(s, t)).toArray();
  }

  private double dynamicFactor(PublishedSettings asked) {
    double mu;
    if (asked.has("mu")) {
      asked.indifferent("image_seq_len");
      mu = asked.number("mu");
    } else if (line != null && asked.has("image_seq_len")) {
      mu = line.mu(asked.number("image_seq_len"));
    } else {
      throw asked.refused("mu", "with dynamic shifting; set mu or image_seq_len");
    }
    return exponential ? Math.exp(mu) : mu;
  }

  private static double by(double s, double t) {
    return s * t / (1 + (s - 1) * t);
  }

  /** Stretches the distances of times from 1 so that the last time is the terminal one. */
  double[] stretched(double[] times) {
    if (terminal == null) {
      return times;
    }
    double scale = (1 - times[times.length - 1]) / (1 - terminal);
    return Arrays.stream(times).map(t -> 1 - (1 - t) / scale).toArray();
  }

  /** Shifted and stretched times, operation by operation in 32 bits as diffusers computes them. */
  double[] single(double[] times, PublishedSettings asked) {
    double[] shifted = shifted(times, asked);
    double s = dynamic ? dynamicFactor(asked) : factor;
    for (int i = 0; i < times.length; i++) {
      float t = (float) times[i];
      shifted[i] =
          dynamic
              ? (float) s / ((float) s + (1 / t - 1))
              : (float) s * t / (1 + (float) (s - 1) * t);
    }
    if (terminal == null) {
      return shifted;
    }
    float scale = (float) ((1 - (float) shifted[times.length - 1]) / (1 - terminal));
    return Arrays.stream(shifted).map(t -> 1 - (1 - (float) t) / scale).toArray();
  }
}
