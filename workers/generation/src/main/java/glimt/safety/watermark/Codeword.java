package glimt.safety.watermark;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The 48 bits that are hidden: the 32 bits of a mark, the highest first, and their CRC-16 (CCITT
 * polynomial 0x1021, begun with 0xFFFF).
 */
final class Codeword {
  static final int BITS = 48;

  private static final int CHECK_BITS = 16;
  private static final int POLYNOMIAL = 0x1021;

  /** How many of the least certain bits may be turned before the CRC is given up. */
  private static final int DOUBTED = 10;

  private Codeword() {}

  /** The codeword of a mark, in the lowest 48 bits. */
  static long of(int mark) {
    return Integer.toUnsignedLong(mark) << CHECK_BITS | crc(mark);
  }

  /** The mark of a codeword. */
  static int mark(long codeword) {
    return (int) (codeword >>> CHECK_BITS);
  }

  /** The sign of a bit of a codeword: 1 or -1. */
  static int sign(long codeword, int bit) {
    return (codeword >>> (BITS - 1 - bit) & 1) == 1 ? 1 : -1;
  }

  /**
   * Finds the codeword that agrees best with soft bits, among those that differ from their signs in
   * the 10 least certain bits only (Chase 1972).
   *
   * @param soft 48 values, whose sign is the bit and whose size its certainty
   * @return null if none of the 1,024 has a correct CRC
   */
  static @Nullable Long nearest(double[] soft) {
    long hard = 0;
    for (double value : soft) {
      hard = hard << 1 | (value > 0 ? 1 : 0);
    }
    int[] doubted = weakest(soft);
    Long best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int turned = 0; turned < 1 << DOUBTED; turned++) {
      long word = hard;
      double cost = 0;
      for (int i = 0; i < DOUBTED; i++) {
        if ((turned >> i & 1) == 1) {
          word ^= 1L << (BITS - 1 - doubted[i]);
          cost += Math.abs(soft[doubted[i]]);
        }
      }
      if (cost < least && (word & 0xFFFF) == crc((int) (word >>> CHECK_BITS))) {
        best = word;
        least = cost;
      }
    }
    return best;
  }

  private static int[] weakest(double[] soft) {
    return IntStream.range(0, soft.length)
        .boxed()
        .sorted(Comparator.comparingDouble(bit -> Math.abs(soft[bit])))
        .limit(DOUBTED)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static int crc(int mark) {
    int crc = 0xFFFF;
    for (int bit = Integer.SIZE - 1; bit >= 0; bit--) {
      boolean differs = (crc >>> (CHECK_BITS - 1) & 1) != (mark >>> bit & 1);
      crc = crc << 1 & 0xFFFF;
      if (differs) {
        crc ^= POLYNOMIAL;
      }
    }
    return crc;
  }
}
