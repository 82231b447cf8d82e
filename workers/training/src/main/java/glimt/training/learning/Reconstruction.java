package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import glimt.training.recipe.Recipe;
import java.util.SplittableRandom;

/**
 * The objective of an autoencoder: its output equals its input, although noise is added to the
 * latent between encoder and decoder. The network's ports are the picture and the noise.
 *
 * <p>The loss is the Charbonnier error of the pixels, sqrt(r² + ε²) with ε = 0.01 (Charbonnier et
 * al. 1994), plus the absolute error of the differences between neighbouring pixels, which weights
 * edges more: squared errors alone blur them.
 */
final class Reconstruction implements Objective {
  private static final double EPSILON = 0.01;

  private final Recipe.Reconstructed settings;

  Reconstruction(Recipe.Reconstructed settings) {
    this.settings = settings;
  }

  @Override
  public TrainingStep batch(Batch batch, double done, SplittableRandom random) {
    long[] shape = batch.x().dimensions();
    int rows = Math.toIntExact(shape[0]);
    int fewer = settings.factor();
    long[] latent = {rows, settings.learnt(), shape[2] / fewer, shape[3] / fewer};
    int size = Math.toIntExact(latent[1] * latent[2] * latent[3]);
    float[] noise = new float[rows * size];
    for (int row = 0; row < rows; row++) {
      double spread = random.nextDouble() * settings.noise();
      for (int i = row * size; i < (row + 1) * size; i++) {
        noise[i] = (float) (spread * random.nextGaussian());
      }
    }
    return new Restored(batch.x(), Tensor.of(noise, latent), settings.edges());
  }

  private record Restored(Tensor x, Tensor noise, double edges) implements TrainingStep {
    @Override
    public NDList inputs(NDManager scope) {
      return new NDList(array(x, scope), array(noise, scope));
    }

    @Override
    public NDArray loss(NDArray f, NDManager scope) {
      NDArray error = f.sub(array(x, scope));
      NDArray pixels = error.square().add((float) (EPSILON * EPSILON)).sqrt().mean();
      NDArray right = error.get(":, :, :, 1:").sub(error.get(":, :, :, :-1")).abs().mean();
      NDArray down = error.get(":, :, 1:").sub(error.get(":, :, :-1")).abs().mean();
      return pixels.add(right.add(down).mul((float) edges));
    }

    private static NDArray array(Tensor tensor, NDManager scope) {
      return scope.create(tensor.floats(), new Shape(tensor.dimensions()));
    }
  }
}
