package glimt.training.recipe;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.diffusion.NoiseSchedule;
import glimt.model.Fast;
import glimt.model.GuidanceRule;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a student: a distilled network that samples a level in few steps. Its teacher is
 * the level's network, and distillation halves the number of steps repeatedly (see {@code
 * Distillation}).
 *
 * @param teacher the name of the level's network in {@code networks}
 * @param steps the final number of steps of a walk
 * @param from the teacher's number of steps, {@code steps} times a power of two; by default that of
 *     the card
 * @param guidance the scale of the teacher's guidance; by default that of the card
 * @param batch the number of samples per training step; by default that of the teacher
 * @param updates the number of training steps of each halving; either this or {@code seconds} is
 *     required
 * @param seconds the training time of each halving in seconds
 * @param rate the highest learning rate, which falls from the start
 * @param average the decay of the exponential moving average of the weights
 * @param unconditional the fraction of samples whose words are removed; by default that of the
 *     teacher
 * @param seed the seed of the data and the noise
 */
public record Student(
    @JsonProperty(required = true) String teacher,
    @JsonProperty(required = true) int steps,
    @Nullable Integer from,
    @Nullable Double guidance,
    @Nullable Integer batch,
    @Nullable Long updates,
    @Nullable Long seconds,
    @JsonProperty(required = true) double rate,
    @JsonProperty(required = true) double average,
    @JsonAlias("silence") @Nullable Double unconditional,
    @JsonProperty(required = true) long seed) {
  private static final int WARMUP = 20;

  public Student {
    if (steps < 1 || (from != null && !halves(from, steps))) {
      throw new IllegalArgumentException(
          "from must be steps times a power of two and greater than steps, not %s for steps %s"
              .formatted(from, steps));
    }
  }

  /**
   * The number of steps of the first teacher's walk.
   *
   * @throws TrainingException if it is not {@link #steps} times a power of two
   */
  public int from(Sampling walk) {
    int first = Objects.requireNonNullElse(from, walk.steps());
    if (!halves(first, steps)) {
      throw new TrainingException(
          "%s walks in %s steps, which is not %s times a power of two; set 'from' to such a number"
              .formatted(teacher, first, steps));
    }
    return first;
  }

  /** The guidance of the first teacher, which the student learns to do without. */
  public GuidanceRule guidance(Sampling walk) {
    GuidanceRule rule = walk.guidance();
    return guidance == null ? rule : rule.weighing(guidance);
  }

  private static boolean halves(int from, int steps) {
    return from > steps && from % steps == 0 && Integer.bitCount(from / steps) == 1;
  }

  /**
   * The training settings of one halving: those of the teacher with the changes of this student.
   *
   * @param walked the number of steps of a walk after the halving
   */
  public NetworkRecipe recipe(NetworkRecipe teacher, int walked) {
    return new NetworkRecipe(
        teacher.source(),
        teacher.sizes(),
        teacher.sigmaData(),
        Objects.requireNonNullElse(batch, teacher.batch()),
        updates,
        seconds,
        rate,
        WARMUP,
        0,
        teacher.clip(),
        teacher.weightDecay(),
        average,
        Objects.requireNonNullElse(unconditional, teacher.unconditional()),
        teacher.sigma(),
        teacher.uniform(),
        null,
        null,
        teacher.data(),
        seed + walked);
  }

  /**
   * The noise levels of a walk in {@code walked} steps: a regular selection of the first teacher's
   * levels, so that a student teaches at exactly the levels at which it was taught.
   */
  public double[] levels(Sampling walk, int walked) {
    int first = from(walk);
    Schedule.Karras spacing = spacing(walk);
    double[] all =
        NoiseSchedule.karras(first, spacing.sigmaMin(), spacing.sigmaMax(), spacing.rho()).sigmas();
    double[] some = new double[walked + 1];
    for (int i = 0; i <= walked; i++) {
      some[i] = all[i * (first / walked)];
    }
    return some;
  }

  /** The entry of the card for this student. */
  public Fast fast(String name, Sampling walk) {
    return new Fast(name, sampling(walk, steps));
  }

  /**
   * The sampling settings of a walk in {@code walked} steps. A regular selection of equal steps in
   * sigma^(1/rho) has equal steps again, so a Karras schedule with a higher last level gives the
   * same levels.
   */
  public Sampling sampling(Sampling walk, int walked) {
    Schedule.Karras spacing = spacing(walk);
    double last = walked == 1 ? spacing.sigmaMin() : levels(walk, walked)[walked - 1];
    return Sampling.karras("euler", walked, 1, last, spacing.sigmaMax(), spacing.rho());
  }

  private Schedule.Karras spacing(Sampling walk) {
    if (walk.schedule() instanceof Schedule.Karras karras) {
      return karras;
    }
    throw new TrainingException(
        "the schedule of %s must be that of Karras et al. to halve its steps".formatted(teacher));
  }
}
