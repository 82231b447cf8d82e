package glimt.safety.watermark;

import static glimt.safety.watermark.Watermark.HOLD;

import java.util.ArrayList;
import java.util.List;

/**
 * The signs that the pattern may have in successive frames.
 *
 * @param signs 1 or -1 for each frame
 */
record Rhythm(float[] signs) {
  /** By how many frames of the original a file may advance with each of its own. */
  private static final List<Double> RATES = List.of(1.0, 10 / 9.0, 4 / 3.0, 2.0, 0.5);

  /** How many rhythms are tried at most. */
  static final int MOST = RATES.size() * HOLD;

  /** All rhythms of some frames; the reader tries each with both signs. */
  static List<Rhythm> all(int frames) {
    if (frames == 1) {
      return List.of(new Rhythm(new float[] {1}));
    }
    List<Rhythm> all = new ArrayList<>();
    for (double rate : RATES) {
      for (int offset = 0; offset < HOLD; offset++) {
        float[] signs = new float[frames];
        for (int i = 0; i < frames; i++) {
          signs[i] = Watermark.sign((int) (i * rate + offset));
        }
        all.add(new Rhythm(signs));
      }
    }
    return all;
  }

  /** Adds up tiles with these signs. */
  float[] sum(List<float[]> tiles) {
    float[] sum = new float[tiles.getFirst().length];
    for (int frame = 0; frame < signs.length; frame++) {
      float[] tile = tiles.get(frame);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += signs[frame] * tile[i];
      }
    }
    return sum;
  }
}
