package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.model.Codec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decodes a latent into pixels or points.
 *
 * @param network maps {@value #INPUT}, float32 [1, …] in the layout of a level's sample, to float32
 *     [1, …] with the codec's channels; with {@link Codec#noising} it takes {@value #TIMESTEP} too,
 *     float32 [1]; with {@link Codec#readsBelow} the level below by the port {@value #BELOW}; with
 *     {@link Codec#planes} the noise that it draws, by {@value #PLANES} and a number
 * @param below the visible result of the level below; null if the decoder does not read it
 */
public record LatentDecoder(Codec codec, Network network, @Nullable SeenBelow below) {
  /** The name of the decoder's port. */
  public static final String INPUT = "latent";

  /** The name of the port for what noise is left in the latent. */
  public static final String TIMESTEP = "timestep";

  /** The name of the port for the visible result of the level below. */
  public static final String BELOW = "below";

  /** What the names of the ports for noise that the decoder draws begin with. */
  public static final String PLANES = "noise_";

  /**
   * The visible result of the level below.
   *
   * @param values row-major
   * @param shape of the values, without a batch axis
   */
  public record SeenBelow(float[] values, long[] shape) {}

  /** A decoder that reads nothing but the latent. */
  public LatentDecoder(Codec codec, Network network) {
    this(codec, network, null);
  }

  /** Draws standard normals, row-major. */
  @FunctionalInterface
  public interface Normals {
    /** Of a latent. */
    float[] drawn();

    /**
     * Of the planes that a part of the decoder draws: zeros, unless it is said otherwise.
     *
     * @param part its number among those that draw
     * @param shape [count, h, w]
     */
    default float[] planes(int part, Shape shape) {
      return new float[Math.toIntExact(shape.size())];
    }
  }

  /**
   * Decodes one piece without any noise, be it mixed in or the decoder's own.
   *
   * @param latent the values, row-major
   * @param shape their shape, without a batch axis
   * @param perChannel the number of consecutive values of one channel in {@code latent}
   * @return the decoded values, row-major
   */
  public float[] decoded(NDManager manager, float[] latent, long[] shape, int perChannel) {
    return decoded(manager, scaled(latent, perChannel), shape, () -> new float[0]);
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
    return decoded(manager, values, shape, noise);
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

  private float[] decoded(NDManager manager, float[] values, long[] shape, Normals noise) {
    try (NDManager scope = manager.newSubManager()) {
      Map<String, NDArray> inputs = new HashMap<>();
      inputs.put(INPUT, scope.create(values, new Shape(1).addAll(new Shape(shape))));
      Codec.Noising noising = codec.noising();
      if (noising != null) {
        inputs.put(TIMESTEP, scope.create(new float[] {(float) noising.timestep()}));
      }
      if (codec.readsBelow()) {
        if (below == null) {
          throw new IllegalArgumentException(
              "the decoder %s needs the level below".formatted(codec.network()));
        }
        Shape seen = new Shape(1).addAll(new Shape(below.shape));
        inputs.put(BELOW, scope.create(below.values, seen));
      }
      List<Codec.NoisePlanes> planes = codec.planes() == null ? List.of() : codec.planes();
      for (int i = 0; i < planes.size(); i++) {
        int factor = planes.get(i).factor();
        Shape plane =
            new Shape(
                planes.get(i).count(),
                shape[shape.length - 2] * factor,
                shape[shape.length - 1] * factor);
        inputs.put(PLANES + i, scope.create(noise.planes(i, plane), plane));
      }
      return network.call(inputs).singletonOrThrow().toFloatArray();
    }
  }
}
