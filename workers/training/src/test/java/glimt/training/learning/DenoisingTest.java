package glimt.training.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import glimt.training.recipe.LossTerms;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.Recipe.NoiseLevels;
import glimt.training.recipe.Recipe.UniformLevels;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares losses with closed forms. For data N(0, d^2) the optimal denoiser is D = d^2 / (d^2 +
 * sigma^2) x with the mean squared error d^2 sigma^2 / (d^2 + sigma^2), whatever sigmaData is.
 */
class DenoisingTest {
  private static final double DATA = 0.7;
  private static final double TOLD = 0.5;
  private static final double D2 = DATA * DATA;
  private static final int ROWS = 64;
  private static final int VALUES = 500;

  static Stream<Arguments> expected() {
    return Stream.of(
        loss(LossTerms.EDM, s -> D2 * (s * s + TOLD * TOLD) / (TOLD * TOLD * (D2 + s * s))),
        loss(LossTerms.EPSILON, s -> D2 / (D2 + s * s)),
        loss(LossTerms.SAMPLE, s -> D2 * s * s / (D2 + s * s)),
        loss(LossTerms.VELOCITY, s -> D2 * (1 + s * s) / (D2 + s * s)),
        loss(LossTerms.SCORE, s -> D2 / (s * s * (D2 + s * s))));
  }

  @ParameterizedTest
  @MethodSource("expected")
  void the_best_denoiser_has_the_loss_that_theory_gives_it(
      LossTerms terms, DoubleUnaryOperator expected) {
    SplittableRandom random = new SplittableRandom(5);
    for (double sigma : new double[] {0.05, 0.5, 1, 4, 30}) {
      // A distribution without spread, so every row has this level.
      NoiseLevels fixed = new NoiseLevels(Math.log(sigma), 0, 0, Math.log(sigma), 0, 100);
      Denoising objective = new Denoising(recipe(fixed, null, terms));
      assertThat(loss(objective.batch(gaussian(random), 0, random), 0))
          .as("%s at sigma %s", terms, sigma)
          .isCloseTo(expected.applyAsDouble(sigma), within(0.04 * expected.applyAsDouble(sigma)));
    }
  }

  @ParameterizedTest
  @MethodSource("expected")
  void every_other_denoiser_has_a_greater_loss(LossTerms terms, DoubleUnaryOperator expected) {
    SplittableRandom random = new SplittableRandom(6);
    NoiseLevels fixed = new NoiseLevels(0, 0, 0, 0, 0, 100);
    TrainingBatch batch =
        new Denoising(recipe(fixed, null, terms)).batch(gaussian(random), 0, random);
    assertThat(loss(batch, 0)).isLessThan(loss(batch, 0.1));
    assertThat(loss(batch, 0)).isLessThan(loss(batch, -0.1));
  }

  @Test
  void levels_drawn_evenly_reach_from_the_least_to_the_most() {
    NoiseLevelDistribution law =
        NoiseLevelDistribution.of(recipe(null, new UniformLevels(0.01, 100, null, null), null));
    SplittableRandom random = new SplittableRandom(7);
    int[] decades = new int[4];
    for (int i = 0; i < 8000; i++) {
      NoiseLevelDistribution.Drawn drawn = law.draw(0, random);
      assertThat(drawn.weight()).isEqualTo(1);
      decades[(int) Math.floor(Math.log10(drawn.sigma())) + 2]++;
    }
    for (int decade : decades) {
      assertThat(decade).isBetween(1850, 2150);
    }
  }

  /** L(sigma) = (1 + sigma)^2 u with u ~ U(0, 2), so that E[L] = (1 + sigma)^2. */
  private static double someLoss(double sigma, RandomGenerator random) {
    return (1 + sigma) * (1 + sigma) * 2 * random.nextDouble();
  }

  @ParameterizedTest
  @MethodSource("laws")
  void importance_changes_what_is_drawn_and_not_what_is_expected(UniformLevels.By by) {
    SplittableRandom random = new SplittableRandom(8);
    NoiseLevelDistribution.Importance law =
        new NoiseLevelDistribution.Importance(new NoiseLevelDistribution.Even(0.1, 10), by, 16);
    for (int i = 0; i < 4000; i++) { // as training reports losses
      double sigma = law.draw(0, random).sigma();
      law.learn(sigma, someLoss(sigma, random), 1 / (sigma * sigma + D2));
    }
    double even = 0;
    double byImportance = 0;
    double high = 0;
    int draws = 200_000;
    for (int i = 0; i < draws; i++) {
      double u = 0.1 * Math.pow(100, random.nextDouble());
      even += someLoss(u, random) / draws;
      NoiseLevelDistribution.Drawn drawn = law.draw(0, random);
      byImportance += drawn.weight() * someLoss(drawn.sigma(), random) / draws;
      high += drawn.sigma() > 1 ? 1.0 / draws : 0;
    }
    assertThat(byImportance).isCloseTo(even, within(0.03 * even));
    assertThat(high)
        .isBetween(
            by == UniformLevels.By.LOSS ? 0.75 : 0.05, by == UniformLevels.By.LOSS ? 0.95 : 0.3);
  }

  static Stream<UniformLevels.By> laws() {
    return Stream.of(UniformLevels.By.values());
  }

  @Test
  void a_loss_of_known_size_is_drawn_by_the_root_of_its_second_moment() {
    NoiseLevelDistribution.Importance law =
        new NoiseLevelDistribution.Importance(
            new NoiseLevelDistribution.Even(1, Math.E), UniformLevels.By.LOSS, 2);
    for (int i = 0; i < 10; i++) {
      law.learn(1.1, i % 2 == 0 ? 0 : Math.sqrt(2), 0); // E[L^2] = 1
      assertThat(law.probabilities()).containsExactly(0.5, 0.5);
      law.learn(2.6, 3, 0); // E[L^2] = 9
    }
    assertThat(law.probabilities()[0]).isCloseTo(0.01 + 0.98 / 4, within(1e-6));
    assertThat(law.probabilities()[1]).isCloseTo(0.01 + 0.98 * 3 / 4, within(1e-6));
  }

  @Test
  void the_scores_length_is_learned_from_the_networks_answers() {
    SplittableRandom random = new SplittableRandom(9);
    NetworkRecipe recipe =
        recipe(null, new UniformLevels(0.2, 5, UniformLevels.By.SCORE, 4), LossTerms.SCORE);
    Denoising objective = new Denoising(recipe);
    for (int step = 0; step < 8; step++) {
      TrainingBatch batch = objective.batch(gaussian(random), 0, random);
      objective.answered(() -> best(batch));
    }
    float[] seen = new Safetensors(objective.state()).get("levels/history").floats();
    for (int bin = 0; bin < 4; bin++) {
      double mean = 0;
      for (int i = 0; i < 10; i++) {
        mean += seen[10 * bin + i] / 10;
      }
      // For Gaussian data, E|s|^2 = 1 / (d^2 + sigma^2) per value.
      double low = 1 / (D2 + Math.pow(0.2 * Math.pow(25, (bin + 1) / 4.0), 2));
      double high = 1 / (D2 + Math.pow(0.2 * Math.pow(25, bin / 4.0), 2));
      assertThat(mean).as("bin %s", bin).isBetween(0.9 * low, 1.1 * high);
    }
  }

  private static Arguments loss(LossTerms terms, DoubleUnaryOperator expected) {
    return Arguments.of(terms, expected);
  }

  private static Batch gaussian(SplittableRandom random) {
    float[] x = new float[ROWS * VALUES];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian(0, DATA);
    }
    return new Batch(Tensor.of(x, ROWS, VALUES), Tensor.of(new long[ROWS], ROWS, 1), null);
  }

  /** The loss of the optimal denoiser with {@code off} x added to its prediction. */
  private static double loss(TrainingBatch batch, double off) {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      return batch
          .loss(scope.create(answers(batch, off), batch.inputs(scope).head().getShape()), scope)
          .getFloat();
    }
  }

  private static float[] best(TrainingBatch batch) {
    return answers(batch, 0);
  }

  private static float[] answers(TrainingBatch batch, double off) {
    float[] in = batch.x().floats();
    float[] f = new float[in.length];
    for (int i = 0; i < f.length; i++) {
      double sigma = Math.exp(4 * batch.noise().floats()[i / VALUES]);
      double total = Math.hypot(sigma, TOLD);
      double x = in[i] * total;
      double d = (D2 / (D2 + sigma * sigma) + off) * x;
      f[i] = (float) ((d - TOLD * TOLD / (total * total) * x) / (sigma * TOLD / total));
    }
    return f;
  }

  private static NetworkRecipe recipe(
      @Nullable NoiseLevels sigma, @Nullable UniformLevels uniform, @Nullable LossTerms terms) {
    return new NetworkRecipe(
        "net.py",
        Map.of(),
        TOLD,
        ROWS,
        1L,
        null,
        0.1,
        1,
        0.5,
        1,
        0,
        0.9,
        0.1,
        sigma,
        uniform,
        null,
        terms,
        JsonNodeFactory.instance.objectNode(),
        1);
  }
}
