package glimt.training.learning;

import glimt.bundle.Safetensors.Tensor;
import glimt.media.Picture;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Samples of one level, made as they are asked for.
 *
 * <p>A batch is a pure function of its size and the generator's state, so that training that goes
 * on from a checkpoint sees what it would have seen.
 */
public interface Dataset {

  /**
   * Clean samples with their words.
   *
   * @param x F32 [B, …], as the level's network takes it
   * @param words I64 [B, length] token ids
   * @param below F32, what the level is conditioned on, already augmented; null at a base level
   */
  record Batch(Tensor x, Tensor words, @Nullable Tensor below) {}

  /** That many samples, a function of the generator's state. */
  Batch batch(int size, RandomGenerator random);

  /**
   * Samples drawn for people to see, a row each.
   *
   * @param batch whose words the samples were made for, and what lies below them
   * @param samples shaped like the batch's x
   * @return empty where this kind of data is not drawn
   */
  default Optional<Picture> picture(Batch batch, float[] samples) {
    return Optional.empty();
  }

  /** Sizes that the network's source may name: at least {@code vocabulary} and {@code length}. */
  Map<String, Double> sizes();
}
