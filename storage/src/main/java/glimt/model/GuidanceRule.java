package glimt.model;

import org.jspecify.annotations.Nullable;

/**
 * How classifier-free guidance combines the network's conditional and unconditional answers.
 *
 * @param mixing the formula that combines them
 * @param weight w of D0 + w (Dc - D0) (Ho and Salimans 2022); 1 is the conditional answer alone
 * @param rescale how far the result's standard deviation is moved back to that of the conditional
 *     answer, 0 to 1 (Lin et al. 2023, eq. 16, where it is 0.7)
 * @param interval the noise levels within which guidance applies; null means all
 * @param projection the settings of {@link Mixing#PROJECTED}; null means those of the paper
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
      throw new IllegalArgumentException(
          "a projection needs the mixing 'projected', not " + mixing);
    }
  }

  /** Makes a rule of plain guidance at all noise levels. */
  public static GuidanceRule of(double weight) {
    return new GuidanceRule(Mixing.PLAIN, weight, 0, null, null);
  }

  /** Returns whether the network's unconditional answer is needed. */
  public boolean guides() {
    return mixing != Mixing.TOLD && weight != 1;
  }

  /** Returns this rule with another weight. */
  public GuidanceRule weighing(double other) {
    return new GuidanceRule(mixing, other, rescale, interval, projection);
  }

  /** The formulas that combine the conditional and the unconditional answer. */
  public enum Mixing {
    /** Ho and Salimans 2022. */
    PLAIN,
    /** Scales the unconditional answer onto the conditional first (Fan et al. 2025, eq. 8). */
    ZERO_STAR,
    /**
     * As plain, but of the two estimates of the clean sample, each kept in its range before (Nichol
     * et al. 2022).
     */
    DENOISED,
    /** Drops the part of the guidance parallel to the conditional (Sadat et al. 2024, "APG"). */
    PROJECTED,
    /**
     * The network itself is told the weight and answers once, as one that was distilled so does
     * (Meng et al. 2023); for those alone.
     */
    TOLD
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
   * @param eta the share of the parallel part that is kept
   * @param momentum the momentum of the running sum of differences, negative in the paper
   * @param radius the largest norm of a difference; 0 means no limit
   */
  public record Projection(double eta, double momentum, double radius) {}
}
