package glimt.training.learning;

import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** What a network is to learn: turns clean samples into the inputs and targets of one step. */
interface Objective extends AutoCloseable {

  /**
   * The batch of the next step.
   *
   * @param done share of the training that is done
   * @param random a function of the seed and the step
   */
  TrainingBatch batch(Batch batch, double done, SplittableRandom random);

  /**
   * Hears what the network answered to the last batch. Some objectives learn from it.
   *
   * @param f the answers, row-major
   */
  default void answered(Supplier<float[]> f) {}

  /** The state that a checkpoint must hold so that training resumes as if undisturbed. */
  default Map<String, Tensor> state() {
    return Map.of();
  }

  /** Takes up the {@link #state} of an earlier training. */
  default void restore(Safetensors state) {}

  @Override
  default void close() {}
}
