package glimt.diffusion.diffusers;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How times of a flow are moved towards noise: t' = s t / (1 + (s - 1) t) (Esser et al. 2024, eq.
 * 23), where s may follow from the size of the picture.
 *
 * @param factor s, where it is fixed
 * @param dynamic whether s is asked for with each walk: exp(mu), or mu
 * @param exponential which of both
 * @param terminal what the last time is stretched to, or null
 * @param line where mu follows from a number of tokens, the line it follows, or null
 */
record FlowShift(
    double factor,
    boolean dynamic,
    boolean exponential,
    @Nullable Double terminal,
    @Nullable Line line) {

  /** mu grows with the tokens of a picture, from one point through another. */
  record Line(double tokens, double mu, double moreTokens, double moreMu) {
    double mu(double at) {
      return mu + (at - tokens) * (moreMu - mu) / (moreTokens - tokens);
    }
  }

  /**
   * Reads it.
   *
   * @param key of the fixed factor
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

  /** One time by the fixed factor, if there is one. */
  double fixed(double t) {
    return dynamic ? t : by(factor, t);
  }

  /** Every time, as asked. */
  double[] shifted(double[] times, PublishedSettings asked) {
    double s = dynamic ? dynamicFactor(asked) : factor;
    if (!dynamic && asked.knows("mu") && (asked.has("mu") || asked.has("image_seq_len"))) {
      throw asked.refused(asked.has("mu") ? "mu" : "image_seq_len", "without dynamic shifting");
    }
    return Arrays.stream(times).map(t -> by(s, t)).toArray();
  }

  private double dynamicFactor(PublishedSettings asked) {
    double mu;
    if (asked.has("mu")) {
      asked.indifferent("image_seq_len");
      mu = asked.number("mu");
    } else if (line != null && asked.has("image_seq_len")) {
      mu = line.mu(asked.number("image_seq_len"));
    } else {
      throw asked.refused("mu", "where the shift is dynamic: ask for it, or for image_seq_len");
    }
    return exponential ? Math.exp(mu) : mu;
  }

  private static double by(double s, double t) {
    return s * t / (1 + (s - 1) * t);
  }

  /** Times stretched away from 1 so that the last is the terminal one. */
  double[] stretched(double[] times) {
    if (terminal == null) {
      return times;
    }
    double scale = (1 - times[times.length - 1]) / (1 - terminal);
    return Arrays.stream(times).map(t -> 1 - (1 - t) / scale).toArray();
  }
}
