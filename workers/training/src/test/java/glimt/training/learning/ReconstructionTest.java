package glimt.training.learning;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import glimt.training.recipe.Recipe.Reconstructed;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReconstructionTest {
  private static final int ROWS = 3;

  @Test
  void a_perfect_picture_costs_almost_nothing_and_an_edge_costs_more_than_a_shade() {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      TrainingStep step =
          new Reconstruction(new Reconstructed(6, 8, 0.25, 1)).batch(batch(), 0, random());
      NDArray picture = step.inputs(scope).head();
      float[] ramp = new float[16 * 16];
      for (int i = 0; i < ramp.length; i++) {
        ramp[i] = (i + i / 16) % 2 == 0 ? 0.1f : -0.1f; // a chessboard
      }
      NDArray edges = scope.create(ramp, new Shape(1, 1, 16, 16));

      assertThat(step.loss(picture, scope).getFloat()).isLessThan(0.011f);
      assertThat(step.loss(picture.add(0.1f), scope).getFloat()).isBetween(0.1f, 0.102f);
      // Every neighbour differs by 0.2 in both directions.
      assertThat(step.loss(picture.add(edges), scope).getFloat()).isBetween(0.5f, 0.502f);
    }
  }

  @Test
  void the_noise_between_encoder_and_decoder_fits_the_latent_and_its_limit() {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDList inputs =
          new Reconstruction(new Reconstructed(6, 8, 0.25, 1))
              .batch(batch(), 0, random())
              .inputs(scope);

      NDArray noise = inputs.get(1);
      assertThat(noise.getShape()).isEqualTo(new Shape(ROWS, 6, 2, 2));
      assertThat(noise.square().mean().sqrt().getFloat()).isPositive().isLessThan(0.25f);
    }
  }

  private static Batch batch() {
    float[] x = new float[ROWS * 4 * 16 * 16];
    SplittableRandom random = random();
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    return new Batch(Tensor.of(x, ROWS, 4, 16, 16), Tensor.of(new long[ROWS], ROWS, 1), null);
  }

  private static SplittableRandom random() {
    return new SplittableRandom(5);
  }
}
