package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.model.Codec;
import java.util.Arrays;
import java.util.Map;

/**
 * Encodes pixels into a latent, the other way than {@link LatentDecoder}.
 *
 * @param network maps {@value #INPUT}, float32 [1, …] in the layout of a level's visible result, to
 *     {@value #MEAN} and {@value #LOG_VARIANCE} of the latent's distribution, float32 [1, …]
 */
public record LatentEncoder(Codec codec, Network network) {
  /** The name of the encoder's port. */
  public static final String INPUT = "image";

  /** The name of the mean of the latent's distribution. */
  public static final String MEAN = "mean";

  /** The name of the logarithm of its variance. */
  public static final String LOG_VARIANCE = "logvar";

  /**
   * Encodes one piece.
   *
   * @param pixels the values, row-major
   * @param shape their shape, without a batch axis; a clip whose frames are coded one by one is
   *     given to the network frame by frame
   * @param perChannel the number of consecutive values of one channel in the latent
   * @param noise the standard normals by which a latent is drawn, of the latent's shape
   * @return the latent's values, row-major, as a level's network knows them
   */
  public float[] encoded(
      NDManager manager,
      float[] pixels,
      long[] shape,
      int perChannel,
      LatentDecoder.Normals noise) {
    boolean apart = shape.length == 4 && codec.factors().getFirst() == 1;
    float[][] coded = apart ? apart(manager, pixels, shape) : coded(manager, pixels, shape);
    float[] latent = coded[0];
    Codec.LatentEncoding encoding = codec.encoding();
    if (encoding != null && encoding.drawn()) {
      float[] normals = noise.drawn();
      if (normals.length != latent.length) {
        throw new BundleException(
            "the encoder makes a latent of %s values of pixels whose decoder reads %s"
                .formatted(latent.length, normals.length));
      }
      for (int i = 0; i < latent.length; i++) {
        latent[i] += (float) Math.exp(0.5f * coded[1][i]) * normals[i];
      }
    }
    int channels = codec.scale().size();
    for (int i = 0; i < latent.length; i++) {
      int channel = i / perChannel % channels;
      latent[i] = (float) ((latent[i] - codec.shift().get(channel)) * codec.scale().get(channel));
    }
    return latent;
  }

  /** Frame by frame, so that memory is needed for one only. */
  private float[][] apart(NDManager manager, float[] pixels, long[] shape) {
    int frames = Math.toIntExact(shape[0]);
    int size = pixels.length / frames;
    float[][] all = new float[2][];
    for (int f = 0; f < frames; f++) {
      float[] frame = Arrays.copyOfRange(pixels, f * size, (f + 1) * size);
      float[][] coded = coded(manager, frame, new long[] {shape[1], shape[2], shape[3]});
      for (int part = 0; part < all.length; part++) {
        int length = coded[part].length;
        if (f == 0) {
          all[part] = new float[frames * length];
        }
        System.arraycopy(coded[part], 0, all[part], f * length, length);
      }
    }
    return all;
  }

  /** Mean and log-variance. */
  private float[][] coded(NDManager manager, float[] pixels, long[] shape) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray input = scope.create(pixels, new Shape(1).addAll(new Shape(shape)));
      NDList answers = network.call(Map.of(INPUT, input));
      return new float[][] {named(answers, MEAN), named(answers, LOG_VARIANCE)};
    }
  }

  private static float[] named(NDList answers, String name) {
    return answers.stream()
        .filter(answer -> name.equals(answer.getName()))
        .findFirst()
        .orElseThrow(() -> new BundleException("the encoder of pixels answers no " + name))
        .toFloatArray();
  }
}
