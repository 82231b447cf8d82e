package glimt.training.pictures;

import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Dataset;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * The training samples of the picture level: latents of subjects over a background, [B, 13, 16, 16],
 * each channel with mean 0 and standard deviation 1, and the states of their captions.
 */
final class Portraits implements Dataset {
  private static final int PLANE = Latents.SIDE * Latents.SIDE;
  private static final int CHANNELS = Latents.CHANNELS + 3;

  /** How far a background may be from the colour that its word means, in units of 2 / 255. */
  private static final double SHADE = 6;

  /** Captions of pictures, as an encoder's states. */
  interface Captions {
    /** The number of colours, which follow one another in {@link #colour}. */
    int colours();

    /** Red, green and blue of a colour, from -1 to 1. */
    float[] colour(int number);

    /** Whether pictures of this combination are held out of training. */
    boolean heldOut(int subject, int colour);

    /** The number of values of one caption's states. */
    int size();

    /** The shape of one caption's states. */
    long[] shape();

    /** Writes the states of a random caption of a subject over a colour. */
    void write(int subject, int colour, RandomGenerator random, float[] to, int at);
  }

  private final Latents latents;
  private final float[] mean;
  private final float[] spread;
  private final Captions captions;

  Portraits(Latents latents, float[] mean, float[] spread, Captions captions) {
    this.latents = latents;
    this.mean = mean.clone();
    this.spread = spread.clone();
    this.captions = captions;
  }

  @Override
  public Map<String, Double> sizes() {
    return Map.of();
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    float[] x = new float[size * CHANNELS * PLANE];
    float[] states = new float[size * captions.size()];
    for (int row = 0; row < size; row++) {
      int subject = random.nextInt(latents.bySubject().size());
      int colour;
      do {
        colour = random.nextInt(captions.colours());
      } while (captions.heldOut(subject, colour));
      var poses = latents.bySubject().get(subject);
      float[] latent = poses.get(random.nextInt(poses.size()));
      float[] background = captions.colour(colour).clone();
      for (int c = 0; c < 3; c++) {
        background[c] += (float) (random.nextGaussian() * SHADE * 2 / 255);
      }
      write(latent, background, x, row * CHANNELS * PLANE);
      captions.write(subject, colour, random, states, row * captions.size());
    }
    long[] shape = captions.shape();
    return new Batch(
        Tensor.of(x, size, CHANNELS, Latents.SIDE, Latents.SIDE),
        Tensor.of(states, size, shape[0], shape[1]),
        null);
  }

  private void write(float[] latent, float[] background, float[] x, int at) {
    for (int channel = 0; channel < CHANNELS; channel++) {
      for (int i = 0; i < PLANE; i++) {
        float value =
            channel < Latents.CHANNELS
                ? latent[channel * PLANE + i]
                : Math.clamp(background[channel - Latents.CHANNELS], -1, 1);
        x[at + channel * PLANE + i] = (value - mean[channel]) / spread[channel];
      }
    }
  }
}
