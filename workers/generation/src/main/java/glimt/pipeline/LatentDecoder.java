package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.model.Codec;
import java.util.HashMap;
import java.util.Map;

/**
 * Decodes a latent into pixels or points.
 *
 * @param network maps {@value #INPUT}, float32 [1, …] in the layout of a level's sample, to float32
 *     [1, …] with the codec's channels; with {@link Codec#noising} it takes {@value #TIMESTEP} too,
 *     float32 [1]
 */
public record LatentDecoder(Codec codec, Network network) {
  /** The name of the decoder's port. */
  public static final String INPUT = "latent";

  /** The name of the port for what noise is left in the latent. */
  public static final String TIMESTEP = "timestep";

  /** Draws the standard normals of a latent, row-major. */
  @FunctionalInterface
  public interface Normals {
    float[] drawn();
  }

  /**
   * Decodes one piece, into which no noise is mixed.
   *
   * @param latent the values, row-major
   * @param shape their shape, without a batch axis
   * @param perChannel the number of consecutive values of one channel in {@code latent}
   * @return the decoded values, row-major
   */
  public float[] decoded(NDManager manager, float[] latent, long[] shape, int perChannel) {
    return decoded(manager, scaled(latent, perChannel), shape);
  }

  /**
   * Decodes one piece.
   *
   * @param noise is mixed in where the codec asks for it
   */
  public float[] decoded(
      NDManager manager, float[] latent, long[] shape, int perChannel, Normals noise) {
    float[] values = scaled(latent, perChannel);
    Codec.Noising noising = codec.noising();
    if (noising != null && noising.share() > 0) {
      float[] normals = noise.drawn();
      float share = (float) noising.share();
      for (int i = 0; i < values.length; i++) {
        values[i] = (1 - share) * values[i] + share * normals[i];
      }
    }
    return decoded(manager, values, shape);
  }

  private float[] scaled(float[] latent, int perChannel) {
    float[] scaled = new float[latent.length];
    int channels = codec.scale().size();
    for (int i = 0; i < latent.length; i++) {
      int channel = i / perChannel % channels;
      scaled[i] = (float) (latent[i] / codec.scale().get(channel) + codec.shift().get(channel));
    }
    return scaled;
  }

  private float[] decoded(NDManager manager, float[] values, long[] shape) {
    try (NDManager scope = manager.newSubManager()) {
      Map<String, NDArray> inputs = new HashMap<>();
      inputs.put(INPUT, scope.create(values, new Shape(1).addAll(new Shape(shape))));
      Codec.Noising noising = codec.noising();
      if (noising != null) {
        inputs.put(TIMESTEP, scope.create(new float[] {(float) noising.timestep()}));
      }
      return network.call(inputs).singletonOrThrow().toFloatArray();
    }
  }
}
