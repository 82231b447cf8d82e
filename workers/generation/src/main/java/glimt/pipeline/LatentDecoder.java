package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.model.Codec;
import java.util.Map;

/**
 * Decodes a latent into pixels or points.
 *
 * @param network maps {@value #INPUT}, float32 [1, …] in the layout of a level's sample, to float32
 *     [1, …] with the codec's channels
 */
public record LatentDecoder(Codec codec, Network network) {
  /** The name of the decoder's port. */
  public static final String INPUT = "latent";

  /**
   * Decodes one piece.
   *
   * @param latent the values, row-major
   * @param shape their shape, without a batch axis
   * @param perChannel the number of consecutive values of one channel in {@code latent}
   * @return the decoded values, row-major
   */
  public float[] decoded(NDManager manager, float[] latent, long[] shape, int perChannel) {
    float[] scaled = new float[latent.length];
    int channels = codec.scale().size();
    for (int i = 0; i < latent.length; i++) {
      int channel = i / perChannel % channels;
      scaled[i] = (float) (latent[i] / codec.scale().get(channel) + codec.shift().get(channel));
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray input = scope.create(scaled, new Shape(1).addAll(new Shape(shape)));
      return network.call(Map.of(INPUT, input)).singletonOrThrow().toFloatArray();
    }
  }
}
