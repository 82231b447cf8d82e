package glimt.training.words;

import static glimt.training.words.CaptionEncoder.LENGTH;
import static glimt.training.words.CaptionEncoder.WIDTH;

import glimt.bundle.Tokenizer.Tokens;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Captions and their states, which are encoded once before training, because the encoder is never
 * trained and a step of training would otherwise wait for it. Values are kept as float16, and
 * padding is not kept: about 7 kB a caption.
 */
public final class CaptionStates {
  /** The number of captions that are encoded in one call. */
  private static final int BATCH = 64;

  /** The states of each caption's tokens, float16 [tokens, width]. */
  private final List<short[]> kept;

  private CaptionStates(List<short[]> kept) {
    this.kept = kept;
  }

  /** Encodes captions, in batches of similar length. */
  public static CaptionStates of(CaptionEncoder encoder, List<String> captions) {
    List<Tokens> read = captions.stream().map(encoder::read).toList();
    List<Integer> byLength =
        IntStream.range(0, read.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> read.get(i).read()))
            .toList();
    List<short[]> kept = new ArrayList<>(Collections.nCopies(read.size(), new short[0]));
    for (int from = 0; from < byLength.size(); from += BATCH) {
      List<Integer> rows = byLength.subList(from, Math.min(from + BATCH, byLength.size()));
      int length = read.get(rows.getLast()).read();
      float[] states = encoder.states(rows.stream().map(read::get).toList(), length);
      for (int i = 0; i < rows.size(); i++) {
        short[] halves = new short[read.get(rows.get(i)).read() * WIDTH];
        for (int j = 0; j < halves.length; j++) {
          halves[j] = Float.floatToFloat16(states[i * length * WIDTH + j]);
        }
        kept.set(rows.get(i), halves);
      }
    }
    return new CaptionStates(kept);
  }

  /** The number of captions. */
  public int size() {
    return kept.size();
  }

  /** The number of tokens of a caption, which is at most {@link CaptionEncoder#LENGTH}. */
  public int tokens(int caption) {
    return kept.get(caption).length / WIDTH;
  }

  /**
   * The states of a batch of captions, as the encoder answers them.
   *
   * @param which the captions by their places in the list
   * @return row-major [captions, {@link CaptionEncoder#LENGTH}, {@link CaptionEncoder#WIDTH}];
   *     those of padding are zeros
   */
  public float[] states(int... which) {
    float[] states = new float[which.length * LENGTH * WIDTH];
    for (int row = 0; row < which.length; row++) {
      short[] halves = kept.get(which[row]);
      for (int i = 0; i < halves.length; i++) {
        states[row * LENGTH * WIDTH + i] = Float.float16ToFloat(halves[i]);
      }
    }
    return states;
  }

  /**
   * Adds noise to states of {@link #states}; those of padding stay zeros.
   *
   * @param noise its standard deviation as a fraction of the root mean square of the states
   */
  public static void disturb(float[] states, double noise, RandomGenerator random) {
    double sum = 0;
    int said = 0;
    for (float value : states) {
      if (value != 0) {
        sum += (double) value * value;
        said++;
      }
    }
    double deviation = noise * Math.sqrt(sum / Math.max(1, said));
    for (int i = 0; i < states.length; i++) {
      if (states[i] != 0) {
        states[i] += (float) (deviation * random.nextGaussian());
      }
    }
  }
}
