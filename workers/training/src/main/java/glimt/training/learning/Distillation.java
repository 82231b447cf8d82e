package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Progressive distillation: a student learns to make in one step what its teacher makes in two
 * (Salimans and Ho 2022, Algorithm 2). From sigma over sigma' to sigma'', the teacher's Euler steps
 * are
 *
 * <pre>
 *   D1 = D(x; sigma),   x' = r x + (1 - r) D1 with r = sigma' / sigma,   D2 = D(x'; sigma')
 * </pre>
 *
 * and the one step that ends where both of them do is that of
 *
 * <pre>
 *   D = a D1 + (1 - a) D2,   a = sigma'' (sigma - sigma') / (sigma' (sigma - sigma''))
 * </pre>
 *
 * <p>Guidance is folded in: the first teacher's D is D_0 + w (D_c - D_0), the student's is one
 * evaluation (Meng et al. 2023, section 3.1, for one w).
 */
final class Distillation implements Objective {
  private final Network teacher;
  private final double guidance;
  private final double[] levels;
  private final double data;
  private final double silence;
  private final NDManager memory = NDManager.newBaseManager("PyTorch");

  /**
   * @param teacher belongs to this lesson from now on
   * @param guidance the teacher's w; 1 for one that has it folded in
   * @param levels the teacher's noise levels, an even number of steps down to 0
   * @param data standard deviation of the samples
   * @param silence share of samples whose words are left out
   */
  Distillation(Network teacher, double guidance, double[] levels, double data, double silence) {
    if (levels.length % 2 == 0) {
      throw new IllegalArgumentException((levels.length - 1) + " steps cannot be halved");
    }
    this.teacher = teacher;
    this.guidance = guidance;
    this.levels = levels.clone();
    this.data = data;
    this.silence = silence;
  }

  @Override
  public TrainingBatch exercise(Batch batch, double done, SplittableRandom random) {
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
    Tensor words = Denoising.silenced(batch.words(), silence, random);
    float[] first = denoised(x, sigma, words, batch, shape);
    float[] between = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      double r = middle[i / size] / sigma[i / size];
      between[i] = (float) (r * x[i] + (1 - r) * first[i]);
    }
    float[] second = denoised(between, middle, words, batch, shape);

    float[] in = new float[x.length];
    float[] answer = new float[x.length];
    float[] noise = new float[rows];
    float[] weight = new float[rows];
    Arrays.fill(weight, 1);
    for (int row = 0; row < rows; row++) {
      double s = sigma[row];
      double end = levels[at[row] + 2];
      double a = end * (s - middle[row]) / (middle[row] * (s - end));
      double total = Math.hypot(s, data);
      noise[row] = (float) (Math.log(s) / 4);
      for (int i = row * size; i < (row + 1) * size; i++) {
        double wanted = a * first[i] + (1 - a) * second[i];
        in[i] = (float) (x[i] / total);
        answer[i] = (float) ((wanted - skip(s) * x[i]) / out(s));
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

  /** The teacher's guided D(x; sigma), each row at a level of its own. */
  private float[] denoised(float[] x, double[] sigma, Tensor words, Batch batch, long[] shape) {
    int rows = sigma.length;
    int size = x.length / rows;
    float[] in = new float[x.length];
    float[] noise = new float[rows];
    for (int row = 0; row < rows; row++) {
      noise[row] = (float) (Math.log(sigma[row]) / 4);
      double total = Math.hypot(sigma[row], data);
      for (int i = row * size; i < (row + 1) * size; i++) {
        in[i] = (float) (x[i] / total);
      }
    }
    float[] f = answers(in, noise, words, batch, shape);
    float[] d = new float[x.length];
    for (int row = 0; row < rows; row++) {
      for (int i = row * size; i < (row + 1) * size; i++) {
        double guided =
            guidance == 1 ? f[i] : f[x.length + i] + guidance * (f[i] - f[x.length + i]);
        d[i] = (float) (skip(sigma[row]) * x[i] + out(sigma[row]) * guided);
      }
    }
    return d;
  }

  /** The teacher's F; with guidance the unconditional ones come after. */
  private float[] answers(float[] in, float[] noise, Tensor words, Batch batch, long[] shape) {
    try (NDManager scope = memory.newSubManager()) {
      NDArray said = scope.create(words.longs(), new Shape(words.dimensions()));
      Tensor below = batch.below();
      NDArray under =
          below == null ? null : scope.create(below.floats(), new Shape(below.dimensions()));
      NDArray x = scope.create(in, new Shape(shape));
      NDArray level = scope.create(noise, new Shape(noise.length));
      if (guidance != 1) {
        x = twice(x);
        level = twice(level);
        said = said.concat(said.zerosLike());
        under = under == null ? null : twice(under);
      }
      return teacher.forward(x, level, Network.conditioning(said, under)).toFloatArray();
    }
  }

  private static NDArray twice(NDArray array) {
    return NDArrays.concat(new NDList(array, array));
  }

  private double skip(double sigma) {
    return data * data / (sigma * sigma + data * data);
  }

  private double out(double sigma) {
    return sigma * data / Math.hypot(sigma, data);
  }

  @Override
  public void close() {
    teacher.close();
    memory.close();
  }
}
