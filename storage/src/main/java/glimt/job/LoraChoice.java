package glimt.job;

/**
 * A LoRA of the bundle that a job chose.
 *
 * @param name as the card has it
 * @param weight its share: 1 is as it was trained, and less than 0 is the other way
 */
public record LoraChoice(String name, double weight) {
  /** The largest weight, either way; far more than leaves a picture. */
  public static final double WEIGHT_LIMIT = 100;

  /**
   * Checks the weight.
   *
   * @throws InvalidSpec if it is not finite, or out of its limits
   */
  public LoraChoice {
    if (!(Math.abs(weight) <= WEIGHT_LIMIT)) {
      throw new InvalidSpec(
          "weight", "must be -%s to %s, not %s".formatted(WEIGHT_LIMIT, WEIGHT_LIMIT, weight));
    }
  }
}
