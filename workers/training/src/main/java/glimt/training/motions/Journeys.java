package glimt.training.motions;

import glimt.bundle.Safetensors.Tensor;
import glimt.model.Codec;
import glimt.training.learning.Dataset;
import glimt.training.words.CaptionEncoder;
import glimt.training.words.CaptionGrammar;
import glimt.training.words.CaptionStates;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The training samples of the motion level, [B, 24, 4, 1, 1] in the units of the level, and the
 * states of their captions, which are encoded with the first batch.
 */
final class Journeys implements Dataset {
  /** Captions and their states. */
  record EncodedCaptions(MotionCaptions captions, CaptionStates states) {}

  private final CaptionGrammar grammar;
  private final Codec codec;
  private final Supplier<EncodedCaptions> preparing;
  private Optional<EncodedCaptions> prepared = Optional.empty();

  /**
   * Creates the dataset.
   *
   * @param codec gives the units of the level
   * @param preparing encodes the captions; it is called once
   */
  Journeys(CaptionGrammar grammar, Codec codec, Supplier<EncodedCaptions> preparing) {
    this.grammar = grammar;
    this.codec = codec;
    this.preparing = preparing;
  }

  @Override
  public Map<String, Double> sizes() {
    return Map.of();
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    EncodedCaptions from = prepared.orElseGet(preparing);
    prepared = Optional.of(from);
    int values = Journey.FRAMES * Journey.VALUES;
    float[] x = new float[size * values];
    int[] captions = new int[size];
    for (int row = 0; row < size; row++) {
      captions[row] = random.nextInt(from.captions.all().size());
      int motion = from.captions.motions().get(captions[row]);
      float[] drawn = Journey.drawn(grammar.motions().get(motion), random).values();
      System.arraycopy(normalised(codec, drawn), 0, x, row * values, values);
    }
    return new Batch(
        Tensor.of(x, size, Journey.FRAMES, Journey.VALUES, 1, 1),
        Tensor.of(from.states.states(captions), size, CaptionEncoder.LENGTH, CaptionEncoder.WIDTH),
        null);
  }

  /** A journey in the units of the level, which a codec turns back. */
  static float[] normalised(Codec codec, float[] values) {
    float[] out = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int channel = i % Journey.VALUES;
      out[i] = (float) ((values[i] - codec.shift().get(channel)) * codec.scale().get(channel));
    }
    return out;
  }
}
