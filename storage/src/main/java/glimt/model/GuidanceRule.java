package glimt.model;

import org.jspecify.annotations.Nullable;

/**
 * How the answers with and without conditions become one.
 *
 * @param mixing the rule that mixes them
 * @param weight w of D0 + w (Dc - D0) (Ho and Salimans 2022); 1 is the conditional alone
 * @param rescale how far the result is brought back to the conditional's deviation, 0 to 1 (Lin et
 *     al. 2023, eq. 16); 0.7 there
 * @param interval the noise levels within which there is guidance; null is everywhere
 * @param projection the settings of {@link Mixing#PROJECTED}; null are the paper's
 */
public record GuidanceRule(
    Mixing mixing,
    double weight,
    double rescale,
    @Nullable Interval interval,
    @Nullable Projection projection) {
  public GuidanceRule {
    if (!(weight >= 0) || Double.isInfinite(weight)) {
      throw new IllegalArgumentException("guidance must be 0 or more, not " + weight);
    }
    if (!(rescale >= 0 && rescale <= 1)) {
      throw new IllegalArgumentException("rescale must lie between 0 and 1, not " + rescale);
    }
    if (projection != null && mixing != Mixing.PROJECTED) {
      throw new IllegalArgumentException("only projected guidance has a projection");
    }
  }

  /** Plain guidance of this weight. */
  public static GuidanceRule of(double weight) {
    return new GuidanceRule(Mixing.PLAIN, weight, 0, null, null);
  }

  /** Whether the network is asked without conditions too. */
  public boolean guides() {
    return weight != 1;
  }

  /** The same rule with another weight. */
  public GuidanceRule weighing(double other) {
    return new GuidanceRule(mixing, other, rescale, interval, projection);
  }

  /** The rules that mix two answers. */
  public enum Mixing {
    /** Ho and Salimans 2022. */
    PLAIN,
    /** The unconditional answer is first scaled onto the conditional (Fan et al. 2025, eq. 8). */
    ZERO_STAR,
    /** Without the part that runs along the conditional (Sadat et al. 2024, "APG"). */
    PROJECTED
  }

  /** Noise levels from {@code low} to {@code high} (Kynkäänniemi et al. 2024). */
  public record Interval(double low, double high) {
    public Interval {
      if (!(low >= 0) || !(high > low)) {
        throw new IllegalArgumentException(
            "an interval of noise levels needs 0 <= low < high, not %s and %s"
                .formatted(low, high));
      }
    }
  }

  /**
   * The settings of projected guidance.
   *
   * @param eta how much of the parallel part stays
   * @param momentum of the running mean of differences, negative in the paper
   * @param radius the longest a difference may be; infinite is 0 here
   */
  public record Projection(double eta, double momentum, double radius) {}
}
