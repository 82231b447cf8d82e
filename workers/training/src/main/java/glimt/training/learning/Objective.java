package glimt.training.learning;

import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** What a network is to learn: exercises made from clean samples. */
interface Objective extends AutoCloseable {

  /**
   * The next exercise.
   *
   * @param done share of the training that is behind it
   * @param random a function of the seed and the step
   */
  TrainingBatch exercise(Batch batch, double done, SplittableRandom random);

  /**
   * What the network answered to the last exercise, for lessons that heed it.
   *
   * @param f its answers, row-major
   */
  default void answered(Supplier<float[]> f) {}

  /** What a checkpoint must hold so that the lesson goes on as it would have. */
  default Map<String, Tensor> state() {
    return Map.of();
  }

  default void restore(Safetensors state) {}

  @Override
  default void close() {}
}
