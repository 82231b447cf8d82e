package glimt.safety.watermark;

import glimt.media.Frames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Looks for a mark in frames that may have been encoded again, resized, cropped, or stripped of
 * frames. It needs the public key only, not the frames as they were made.
 *
 * <p><b>False positives.</b> At one place of the search, the frames are a vector y of cosine and
 * sine amplitudes, and a codeword is a vector of signs. The signs are those of the key, which is
 * independent of what any camera or model makes. The confidence is their product over the length of
 * y. For a fixed y it exceeds t with a probability of at most exp(−t²/2) (Hoeffding 1963), whatever
 * y is: no distribution of pictures is assumed. The search compares 2³² codewords at 5 scales, 10
 * rhythms, 64 × 64 shifts and 2 signs, so that over all of it
 *
 * <pre>P(a file without a mark has one) ≤ 2³² · 409,600 · exp(−10²/2) = 3.4 · 10⁻⁷</pre>
 *
 * <p>for the {@link #THRESHOLD} of 10.
 */
public final class MarkReader {
  /** The least confidence of a mark. */
  public static final double THRESHOLD = 10;

  /** By how much frames are resized before a mark is looked for, the likeliest first. */
  static final List<Double> SCALES = List.of(1.0, 2.0, 4 / 3.0, 0.5, 2 / 3.0);

  /** The longest side of resized frames, in pixels; the middle of larger ones is enough. */
  private static final int LONGEST_SIDE = 2048;

  /** The shortest side of resized frames: below it, less than a quarter of the pattern is there. */
  private static final int SHORTEST_SIDE = Spectrum.SIDE / 2;

  /** At how many places of one scale, those with the highest pilots, the bits are read. */
  private static final int PEAKS = 16;

  private MarkReader() {}

  /** Returns the mark of the first scale at which there is one. */
  public static Optional<FoundMark> read(Frames frames) {
    for (double scale : scales(frames)) {
      Optional<FoundMark> found = readAt(frames, scale);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /**
   * The share of the 48 bits that are right at the place where the frames agree best with any bits,
   * for measurements: about a half where the mark is lost.
   */
  public static double rightBits(Frames frames, int mark) {
    long word = Codeword.of(mark);
    double highest = 0;
    double right = 0;
    for (double scale : scales(frames)) {
      for (Peak peak : peaks(frames, scale)) {
        double[] soft = peak.softBits();
        double height = peak.pilot() + Arrays.stream(soft).map(Math::abs).sum();
        if (height > highest) {
          highest = height;
          right =
              IntStream.range(0, soft.length)
                  .filter(bit -> soft[bit] * Codeword.sign(word, bit) > 0)
                  .count();
        }
      }
    }
    return right / Codeword.BITS;
  }

  /** The scales at which frames are neither too small nor too large. */
  private static List<Double> scales(Frames frames) {
    int shorter = Math.min(frames.width(), frames.height());
    int longer = Math.max(frames.width(), frames.height());
    return SCALES.stream()
        .filter(scale -> shorter * scale >= SHORTEST_SIDE && longer * scale <= LONGEST_SIDE)
        .toList();
  }

  private static Optional<FoundMark> readAt(Frames frames, double scale) {
    return peaks(frames, scale).stream()
        .map(peak -> peak.reading(THRESHOLD))
        .flatMap(Optional::stream)
        .max(Comparator.comparingDouble(FoundMark::confidence));
  }

  /** The places of one scale with the highest pilots, the highest first. */
  static List<Peak> peaks(Frames frames, double scale) {
    List<float[]> tiles = Tiles.of(frames, scale);
    List<Peak> peaks = new ArrayList<>();
    for (Rhythm rhythm : Rhythm.all(tiles.size())) {
      peaks.addAll(Amplitudes.of(rhythm.sum(tiles)).peaks());
    }
    return peaks.stream()
        .sorted(Comparator.comparingDouble(Peak::pilot).reversed())
        .limit(PEAKS)
        .toList();
  }
}
