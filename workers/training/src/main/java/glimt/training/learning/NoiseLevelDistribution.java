package glimt.training.learning;

import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NoiseLevels;
import glimt.training.recipe.Recipe.UniformLevels;
import glimt.training.recipe.Recipe.UniformLevels.By;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;

/** The distribution of noise levels in training. */
sealed interface NoiseLevelDistribution
    permits NoiseLevelDistribution.LogNormal,
        NoiseLevelDistribution.Even,
        NoiseLevelDistribution.Importance {

  /**
   * A noise level and the weight of its loss.
   *
   * @param weight the weight, which makes the expected loss that of the intended distribution
   */
  record Drawn(double sigma, double weight) {}

  /**
   * Draws a level.
   *
   * @param done the completed fraction of the training
   */
  Drawn draw(double done, RandomGenerator random);

  static NoiseLevelDistribution of(Recipe.NetworkRecipe recipe) {
    NoiseLevels falling = recipe.sigma();
    UniformLevels even = recipe.uniform();
    if (falling != null) {
      return new LogNormal(falling);
    }
    Objects.requireNonNull(even, "a recipe has one of the two");
    Even uniform = new Even(even.min(), even.max());
    return even.by() == null
        ? uniform
        : new Importance(uniform, even.by(), Objects.requireNonNullElse(even.bins(), 32));
  }

  /**
   * ln(sigma) ~ N(mean, spread^2) (Karras et al. 2022, Table 1), with a mean that falls during
   * training.
   */
  record LogNormal(NoiseLevels levels) implements NoiseLevelDistribution {
    @Override
    public Drawn draw(double done, RandomGenerator random) {
      double sigma = Math.exp(random.nextGaussian(levels.mean(done), levels.spread()));
      return new Drawn(Math.min(levels.max(), sigma), 1);
    }
  }

  /** ln(sigma) ~ U(ln min, ln max). */
  record Even(double min, double max) implements NoiseLevelDistribution {
    @Override
    public Drawn draw(double done, RandomGenerator random) {
      return new Drawn(sigma(random.nextDouble()), 1);
    }

    /** The level at a fraction of the range from min to max, linearly in ln(sigma). */
    double sigma(double share) {
      return min * Math.pow(max / min, share);
    }

    double share(double sigma) {
      return Math.log(sigma / min) / Math.log(max / min);
    }
  }

  /**
   * Draws bins of levels with probabilities p that depend on recent losses or scores, and weights
   * each by 1 / (bins p), so that the expected loss is that of the uniform distribution. Until
   * every bin has been drawn ten times, p is uniform (Nichol and Dhariwal 2021, section 3.3).
   */
  final class Importance implements NoiseLevelDistribution {
    private static final int LATELY = 10;

    /** The uniform part of p, which bounds the weights and keeps every bin in use. */
    private static final double EVEN_SHARE = 0.02;

    private static final String HISTORY = "levels/history";
    private static final String COUNT = "levels/count";

    private final Even even;
    private final By by;
    private final int bins;

    /** [bins, 10], a ring buffer with the latest values of each bin. */
    private float[] history;

    private float[] count;

    Importance(Even even, By by, int bins) {
      this.even = even;
      this.by = by;
      this.bins = bins;
      this.history = new float[bins * LATELY];
      this.count = new float[bins];
    }

    @Override
    public Drawn draw(double done, RandomGenerator random) {
      double[] p = probabilities();
      double left = random.nextDouble();
      int bin = 0;
      while (bin < bins - 1 && left >= p[bin]) {
        left -= p[bin++];
      }
      return new Drawn(even.sigma((bin + random.nextDouble()) / bins), 1 / (bins * p[bin]));
    }

    /** The probability of each bin. */
    double[] probabilities() {
      double[] p = new double[bins];
      Arrays.fill(p, 1.0 / bins);
      for (float seen : count) {
        if (seen < LATELY) {
          return p;
        }
      }
      double[] sizes = new double[bins];
      for (int bin = 0; bin < bins; bin++) {
        double sum = 0;
        for (int i = 0; i < LATELY; i++) {
          double value = history[bin * LATELY + i];
          sum += by == By.LOSS ? value * value : value;
        }
        sizes[bin] = by == By.LOSS ? Math.sqrt(sum / LATELY) : sum / LATELY;
      }
      double total = Arrays.stream(sizes).sum();
      if (total > 0) {
        for (int bin = 0; bin < bins; bin++) {
          p[bin] = EVEN_SHARE / bins + (1 - EVEN_SHARE) * sizes[bin] / total;
        }
      }
      return p;
    }

    /**
     * Records the result of a row.
     *
     * @param loss the loss of the row at this level, without its weight
     * @param score the mean square of the network's score
     */
    void learn(double sigma, double loss, double score) {
      int bin = Math.clamp((int) (even.share(sigma) * bins), 0, bins - 1);
      int at = (int) count[bin] % LATELY;
      history[bin * LATELY + at] = (float) (by == By.LOSS ? loss : score);
      count[bin] = count[bin] + 1 == 2 * LATELY ? LATELY : count[bin] + 1;
    }

    Map<String, Tensor> state() {
      return Map.of(
          HISTORY, Tensor.of(history.clone(), bins, LATELY), COUNT, Tensor.of(count.clone(), bins));
    }

    void restore(Safetensors state) {
      Tensor kept = state.tensors().get(HISTORY);
      if (kept != null && kept.size() == history.length) {
        history = kept.floats();
        count = state.get(COUNT).floats();
      }
    }
  }
}
