package glimt.training.learning;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Progressive distillation: a student learns to replace two steps of its teacher by one (Salimans
 * and Ho 2022, Algorithm 2). The teacher's Euler steps from sigma to sigma' and sigma'' are
 *
 * <pre>
 *   D1 = D(x; sigma),   x' = r x + (1 - r) D1 with r = sigma' / sigma,   D2 = D(x'; sigma')
 * </pre>
 *
 * and a single step with the same end has
 *
 * <pre>
 *   D = a D1 + (1 - a) D2,   a = sigma'' (sigma - sigma') / (sigma' (sigma - sigma''))
 * </pre>
 *
 * <p>Guidance is distilled as well: the first teacher's D is D_0 + w (D_c - D_0), the student's is
 * a single evaluation (Meng et al. 2023, section 3.1, for a fixed w).
 */
final class Distillation implements Objective {
  private final RowDenoiser teacher;
  private final double[] levels;
  private final double unconditional;
  private final NDManager memory = NDManager.newBaseManager("PyTorch");

  /**
   * Creates the objective, which takes ownership of the teacher's network.
   *
   * @param teacher the teacher with the guidance to distill, or with guidance 1 if it is a
   *     distilled student itself
   * @param levels the teacher's noise levels, an even number of steps down to 0
   * @param unconditional the fraction of samples whose words are removed
   */
  Distillation(RowDenoiser teacher, double[] levels, double unconditional) {
    if (levels.length % 2 == 0) {
      throw new IllegalArgumentException(
          "the teacher needs an even number of steps, not " + (levels.length - 1));
    }
    this.teacher = teacher;
    this.levels = levels.clone();
    this.unconditional = unconditional;
  }

  @Override
  public TrainingBatch batch(Batch batch, double done, SplittableRandom random) {
    float[] clean = batch.x().floats();
    long[] shape = batch.x().dimensions();
    int rows = Math.toIntExact(shape[0]);
    int size = clean.length / rows;
    int[] at = new int[rows];
    double[] sigma = new double[rows];
    double[] middle = new double[rows];
    float[] x = new float[clean.length];
    for (int row = 0; row < rows; row++) {
      at[row] = 2 * random.nextInt(levels.length / 2);
      sigma[row] = levels[at[row]];
      middle[row] = levels[at[row] + 1];
      for (int i = row * size; i < (row + 1) * size; i++) {
        x[i] = (float) (clean[i] + sigma[row] * random.nextGaussian());
      }
    }
    Tensor words = Caption.without(batch.words(), unconditional, random);
    float[] first = teacher.rows(x, sigma, shape, words, batch.below(), memory);
    float[] between = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      double r = middle[i / size] / sigma[i / size];
      between[i] = (float) (r * x[i] + (1 - r) * first[i]);
    }
    float[] second = teacher.rows(between, middle, shape, words, batch.below(), memory);

    float[] in = new float[x.length];
    float[] answer = new float[x.length];
    float[] noise = new float[rows];
    float[] weight = new float[rows];
    Arrays.fill(weight, 1);
    for (int row = 0; row < rows; row++) {
      double s = sigma[row];
      double end = levels[at[row] + 2];
      double a = end * (s - middle[row]) / (middle[row] * (s - end));
      double total = Math.hypot(s, teacher.sigmaData());
      noise[row] = (float) (Math.log(s) / 4);
      for (int i = row * size; i < (row + 1) * size; i++) {
        double wanted = a * first[i] + (1 - a) * second[i];
        in[i] = (float) (x[i] / total);
        answer[i] = (float) ((wanted - teacher.skip(s) * x[i]) / teacher.out(s));
      }
    }
    return new TrainingBatch(
        Tensor.of(in, shape),
        Tensor.of(noise, rows),
        words,
        batch.below(),
        Tensor.of(answer, shape),
        weight);
  }

  @Override
  public void close() {
    teacher.network().close();
    memory.close();
  }
}
