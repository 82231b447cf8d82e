package glimt.training.pictures;

import glimt.bundle.Safetensors.Tensor;
import glimt.media.ContactSheet;
import glimt.media.Picture;
import glimt.model.Codec;
import glimt.training.learning.Dataset;
import glimt.training.words.CaptionEncoder;
import glimt.training.words.CaptionGrammar;
import glimt.training.words.CaptionStates;
import glimt.training.words.PictureCaptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The training samples of the picture level: latents of subjects over a background, [B, 13, 16,
 * 16], in the units of the level, and the states of their captions. What they are made of is
 * prepared with the first batch, since the autoencoder must have been trained by then.
 */
final class Portraits implements Dataset {
  private static final int PLANE = Latents.SIDE * Latents.SIDE;
  private static final int CHANNELS = Latents.CHANNELS + 3;

  /** The standard deviation of a background around the colour of its name, in 0..255. */
  private static final double SHADE = 6;

  /** The fraction of captions that do not mention the background. */
  private static final double UNSAID = 0.1;

  /** What samples are made of. */
  record Prepared(Latents latents, PictureCaptions captions, CaptionStates states) {}

  private final CaptionGrammar grammar;
  private final Codec codec;
  private final Supplier<Prepared> preparing;
  private final double wordNoise;
  private final Supplier<PictureDecoder> decoding;
  private Optional<Prepared> prepared = Optional.empty();

  /**
   * Creates the dataset.
   *
   * @param codec gives the units of the level
   * @param preparing makes what samples are made of; it is called once
   * @param wordNoise the noise on the words' states, as a fraction of their root mean square
   * @param decoding opens the decoder, to draw samples
   */
  Portraits(
      CaptionGrammar grammar,
      Codec codec,
      Supplier<Prepared> preparing,
      double wordNoise,
      Supplier<PictureDecoder> decoding) {
    this.grammar = grammar;
    this.codec = codec;
    this.preparing = preparing;
    this.wordNoise = wordNoise;
    this.decoding = decoding;
  }

  @Override
  public Map<String, Double> sizes() {
    return Map.of();
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    Prepared from = prepared.orElseGet(preparing);
    prepared = Optional.of(from);
    float[] x = new float[size * CHANNELS * PLANE];
    int[] captions = new int[size];
    for (int row = 0; row < size; row++) {
      int subject = random.nextInt(grammar.subjects().size());
      int colour = random.nextInt(grammar.colours().size());
      while (grammar.heldOut(subject, colour)) {
        colour = random.nextInt(grammar.colours().size());
      }
      List<float[]> poses = from.latents.bySubject().get(subject);
      float[] latent = poses.get(random.nextInt(poses.size()));
      write(latent, background(colour, random), x, row * CHANNELS * PLANE);
      int said = random.nextDouble() < UNSAID ? CaptionGrammar.UNSAID : colour;
      captions[row] = from.captions.draw(subject, said, random);
    }
    float[] states = from.states.states(captions);
    if (wordNoise > 0) {
      CaptionStates.disturb(states, wordNoise, random);
    }
    return new Batch(
        Tensor.of(x, size, CHANNELS, Latents.SIDE, Latents.SIDE),
        Tensor.of(states, size, CaptionEncoder.LENGTH, CaptionEncoder.WIDTH),
        null);
  }

  /** A shade of a colour, from -1 to 1. */
  private float[] background(int colour, RandomGenerator random) {
    float[] shade = new float[3];
    for (int c = 0; c < 3; c++) {
      double value = grammar.colours().get(colour).rgb().get(c) + SHADE * random.nextGaussian();
      shade[c] = (float) Math.clamp(value / 127.5 - 1, -1, 1);
    }
    return shade;
  }

  private void write(float[] latent, float[] background, float[] x, int at) {
    for (int channel = 0; channel < CHANNELS; channel++) {
      double scale = codec.scale().get(channel);
      double shift = codec.shift().get(channel);
      for (int i = 0; i < PLANE; i++) {
        float value =
            channel < Latents.CHANNELS
                ? latent[channel * PLANE + i]
                : background[channel - Latents.CHANNELS];
        x[at + channel * PLANE + i] = (float) ((value - shift) * scale);
      }
    }
  }

  @Override
  public Optional<Picture> picture(Batch batch, float[] samples) {
    int values = CHANNELS * PLANE;
    List<ContactSheet.Cell> cells = new ArrayList<>();
    try (PictureDecoder decoder = decoding.get()) {
      for (int row = 0; row < samples.length / values; row++) {
        float[] sample = new float[values];
        System.arraycopy(samples, row * values, sample, 0, values);
        cells.add(
            new ContactSheet.Cell(Portrait.picture(decoder.decoded(sample), Portrait.SIDE), ""));
      }
    }
    return Optional.of(ContactSheet.of(cells, 4, Portrait.SIDE));
  }
}
