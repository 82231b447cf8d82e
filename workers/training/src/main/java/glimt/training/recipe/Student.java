package glimt.training.recipe;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.diffusion.NoiseSchedule;
import glimt.model.Fast;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A network that makes a level in few steps. The network that makes it in many teaches it, and its
 * steps are halved again and again (see {@code Distillation}).
 *
 * @param teacher the level's network, as {@code networks} names it
 * @param steps how many it walks in the end
 * @param from how many its teacher walks, {@code steps} doubled once or more; else as the card says
 * @param guidance how the teacher is guided; else as the card says
 * @param batch samples a step of training; else as the teacher
 * @param updates how long each halving is trained, in steps of training
 * @param seconds the same by the clock; one of the two is given
 * @param rate the highest learning rate; it falls from the start
 * @param average decay of the exponential average of the weights
 * @param unconditional share of samples whose words are left out; else as the teacher
 * @param seed of the data and the noise
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
          "from must be steps doubled once or more, not %s for steps %s".formatted(from, steps));
    }
  }

  /** How many steps its first teacher walks. */
  public int from(Sampling walk) {
    int first = Objects.requireNonNullElse(from, walk.steps());
    if (!halves(first, steps)) {
      throw new TrainingException(
          "%s walks in %s steps, which is not %s doubled: give the number to halve from, as 'from'"
              .formatted(teacher, first, steps));
    }
    return first;
  }

  /** How strongly its first teacher is guided. */
  public double guidance(Sampling walk) {
    return Objects.requireNonNullElse(guidance, walk.guidance().weight());
  }

  private static boolean halves(int from, int steps) {
    return from > steps && from % steps == 0 && Integer.bitCount(from / steps) == 1;
  }

  /** How one halving is trained: as its teacher was, but for what is said here. */
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
        teacher.data(),
        seed + walked);
  }

  /**
   * The noise levels of a walk in {@code walked} steps: every so manyth of the first teacher's, so
   * that a student is a teacher at the very levels it was taught.
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

  /** What the card says of it. */
  public Fast fast(String name, Sampling walk) {
    return new Fast(name, sampling(walk, steps));
  }

  /**
   * The walk in {@code walked} steps. Equal steps in sigma^(1/rho) that are left out leave equal
   * steps, so that the same spacing finds the same levels down to a higher last one.
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
        "%s is not walked by Karras' levels, which halving a walk needs".formatted(teacher));
  }
}
