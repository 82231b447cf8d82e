package glimt.training.learning;

import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset.Batch;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** A training objective, which converts clean samples into the inputs and targets of a step. */
interface Objective extends AutoCloseable {

  /**
   * Creates the inputs and targets of the next step.
   *
   * @param done the completed fraction of the training
   * @param random a generator that depends on the seed and the step
   */
  TrainingStep batch(Batch batch, double done, SplittableRandom random);

  /**
   * Receives the network's outputs for the last batch, to which some objectives adapt.
   *
   * @param f supplies the outputs, row-major
   */
  default void answered(Supplier<float[]> f) {}

  /**
   * The state for checkpoints, without which a resumed training would differ from an uninterrupted
   * one.
   */
  default Map<String, Tensor> state() {
    return Map.of();
  }

  /** Restores the {@link #state} of an earlier training. */
  default void restore(Safetensors state) {}

  @Override
  default void close() {}
}
