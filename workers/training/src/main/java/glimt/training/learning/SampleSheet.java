package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.Safetensors.Tensor;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Draw;
import glimt.diffusion.Observer;
import glimt.diffusion.Trajectory;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.Waypoint;
import glimt.media.Picture;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.pipeline.LevelDenoiser;
import glimt.pipeline.LevelDenoiser.Conditioning;
import glimt.pipeline.LevelWalk;
import glimt.training.learning.Dataset.Batch;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Draws a few samples of a network in training, always with the same words and noise, to show its
 * progress. The level below comes from the data.
 *
 * @param dataset the dataset, which supplies words and draws samples
 * @param level the level of the network with its sampling settings
 */
public record SampleSheet(Dataset dataset, Level level) {
  private static final int ROWS = 8;
  private static final long SEED = 8;

  /** The number of network evaluations of single rows; guidance doubles it. */
  long evaluations() {
    Sampling walk = level.sampling();
    return (long) ROWS * walk.steps() * (walk.guided() ? 2 : 1);
  }

  /** Draws the samples; empty if the dataset does not support drawing. */
  Optional<Picture> draw(Network network) throws InterruptedException {
    WalkRecipe recipe = LevelWalk.of(level.parametrisation(), level.sampling());
    SplittableRandom random = new SplittableRandom(SEED);
    Batch batch = dataset.batch(ROWS, random.split());
    Shape shape = new Shape(batch.x().dimensions());
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      Draw noise =
          (like, step, draw) ->
              gaussian(like.getManager(), shape, new SplittableRandom(SEED + 256L * step + draw));
      Trajectory trajectory =
          new Trajectory(recipe.sampler(), denoiser(network, batch, scope), noise);
      NDArray first = recipe.begin(gaussian(scope, shape, random));
      try (Waypoint start = trajectory.at(recipe.levels(), first, "a sheet");
          Waypoint end = trajectory.on(start, Observer.NOBODY)) {
        return dataset.picture(batch, recipe.leave(end.x()).toFloatArray());
      }
    }
  }

  private Denoiser denoiser(Network network, Batch batch, NDManager scope) {
    Map<String, NDArray> given = new LinkedHashMap<>();
    Map<String, NDArray> withheld = new LinkedHashMap<>();
    NDArray captions = Caption.array(batch.words(), scope);
    Tensor below = batch.below();
    for (Port port : level.ports()) {
      if (port.readsBelow() && below != null) {
        NDArray under = scope.create(below.floats(), new Shape(below.dimensions()));
        given.put(port.name(), under);
        withheld.put(port.name(), under);
      } else {
        given.put(port.name(), captions);
        withheld.put(port.name(), captions.zerosLike());
      }
    }
    return LevelDenoiser.of(level, network, new Conditioning(given, withheld));
  }

  private static NDArray gaussian(NDManager scope, Shape shape, SplittableRandom random) {
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return scope.create(values, shape);
  }
}
