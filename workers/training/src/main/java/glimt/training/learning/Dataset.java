package glimt.training.learning;

import glimt.bundle.Safetensors.Tensor;
import glimt.media.Picture;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The training samples of one level, which are generated on demand.
 *
 * <p>A batch is a pure function of its size and the generator's state, so that a resumed training
 * receives the same samples as an uninterrupted one.
 */
public interface Dataset {

  /**
   * Clean samples with their captions and conditions.
   *
   * @param x the clean samples, F32 [B, …], in the layout of the level's network
   * @param words the captions: token ids, I64 [B, length], or an encoder's states, F32 [B, length,
   *     width], which are zeros where a caption has ended
   * @param below the level below, F32 [B, …], already augmented; null at a base level
   */
  record Batch(Tensor x, Tensor words, @Nullable Tensor below) {}

  /** Returns {@code size} samples as a function of the generator's state. */
  Batch batch(int size, RandomGenerator random);

  /**
   * Draws samples as a picture for visual inspection.
   *
   * @param batch the batch with the words and conditions of the samples
   * @param samples the samples, of the shape of the batch's x
   * @return empty if this dataset does not support drawing
   */
  default Optional<Picture> picture(Batch batch, float[] samples) {
    return Optional.empty();
  }

  /**
   * The sizes that the network's source may refer to, including {@code vocabulary} and {@code
   * length}.
   */
  Map<String, Double> sizes();
}
