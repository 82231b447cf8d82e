package glimt.training.learning;

import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.diffusion.Preconditioning;
import glimt.training.learning.Dataset.Batch;
import glimt.training.learning.NoiseLevelDistribution.Drawn;
import glimt.training.recipe.LossTerms;
import glimt.training.recipe.Recipe;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * The denoising objective with EDM's preconditioning (Karras et al. 2022, Table 1), with which the
 * weighted loss of the paper's eq. 8 is the plain squared error of F:
 *
 * <pre>
 *   x = x0 + sigma n,   answer = (x0 - c_skip x) / c_out,   loss = |F(c_in x; ln(sigma)/4) - answer|^2
 * </pre>
 *
 * <p>Other {@link LossTerms} weight the same error differently, and a {@link
 * NoiseLevelDistribution} with importance sampling gives less weight to levels that it draws more
 * often.
 */
final class Denoising implements Objective {
  private final Recipe.NetworkRecipe recipe;
  private final NoiseLevelDistribution levels;
  private final LossTerms terms;
  private final Preconditioning edm;

  /** The last batch, for a distribution that adapts to the network's outputs. */
  private double[] sigmas = {};

  private float[] answer = {};
  private float[] in = {};

  Denoising(Recipe.NetworkRecipe recipe) {
    this.recipe = recipe;
    this.levels = NoiseLevelDistribution.of(recipe);
    this.terms = Objects.requireNonNullElse(recipe.loss(), LossTerms.EDM);
    this.edm = Preconditioning.edm(recipe.sigmaData());
  }

  @Override
  public TrainingBatch batch(Batch batch, double done, SplittableRandom random) {
    long[] shape = batch.x().dimensions();
    int rows = Math.toIntExact(shape[0]);
    int size = batch.x().size() / rows;
    float[] clean = batch.x().floats();
    float[] noise = new float[rows];
    float[] weight = new float[rows];
    sigmas = new double[rows];
    in = new float[clean.length];
    answer = new float[clean.length];
    double data = recipe.sigmaData();
    for (int row = 0; row < rows; row++) {
      Drawn drawn = levels.draw(done, random);
      double sigma = drawn.sigma();
      double total = Math.sqrt(sigma * sigma + data * data);
      double skip = data * data / (total * total);
      double out = sigma * data / total;
      sigmas[row] = sigma;
      noise[row] = (float) (Math.log(sigma) / 4);
      weight[row] = (float) (drawn.weight() * terms.weight(sigma, data));
      for (int i = row * size; i < (row + 1) * size; i++) {
        double noisy = clean[i] + sigma * random.nextGaussian();
        in[i] = (float) (noisy / total);
        answer[i] = (float) ((clean[i] - skip * noisy) / out);
      }
    }
    return new TrainingBatch(
        Tensor.of(in, shape),
        Tensor.of(noise, rows),
        Caption.without(batch.words(), recipe.unconditional(), random),
        batch.below(),
        Tensor.of(answer, shape),
        weight);
  }

  @Override
  public void answered(Supplier<float[]> answers) {
    if (!(levels instanceof NoiseLevelDistribution.Importance importance)) {
      return;
    }
    float[] f = answers.get();
    int size = f.length / sigmas.length;
    for (int row = 0; row < sigmas.length; row++) {
      double sigma = sigmas[row];
      double lost = 0;
      double score = 0;
      double in = edm.in().applyAsDouble(sigma);
      double skip = edm.skip().applyAsDouble(sigma);
      double out = edm.out().applyAsDouble(sigma);
      for (int i = row * size; i < (row + 1) * size; i++) {
        double x = this.in[i] / in;
        double towards = (skip - 1) * x + out * f[i]; // D - x
        lost += (f[i] - answer[i]) * (f[i] - answer[i]);
        score += towards * towards;
      }
      importance.learn(
          sigma,
          lost / size * terms.weight(sigma, recipe.sigmaData()),
          score / size / Math.pow(sigma, 4));
    }
  }

  @Override
  public Map<String, Tensor> state() {
    return levels instanceof NoiseLevelDistribution.Importance importance
        ? importance.state()
        : Map.of();
  }

  @Override
  public void restore(Safetensors state) {
    if (levels instanceof NoiseLevelDistribution.Importance importance) {
      importance.restore(state);
    }
  }
}
