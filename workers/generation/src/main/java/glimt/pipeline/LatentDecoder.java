package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.model.Codec;
import java.util.Map;

/**
 * A latent becomes what people see.
 *
 * @param network takes {@value #INPUT}, float32 [1, …] as a level's sample is laid out, and answers
 *     float32 [1, …] of the codec's channels
 */
public record LatentDecoder(Codec codec, Network network) {
  /** What the decoder's source calls its input. */
  public static final String INPUT = "latent";

  /**
   * Decodes one piece.
   *
   * @param latent of the shape
   * @param shape without a batch axis
   * @param perChannel how many values of one channel stand together in {@code latent}
   * @return what people see of it, row by row
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
