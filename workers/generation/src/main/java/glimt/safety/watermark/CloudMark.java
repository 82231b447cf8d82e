package glimt.safety.watermark;

import glimt.media.PointCloud;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Hides a mark of 32 bits in the colours of a point cloud. The colour of a point, without the
 * lowest bit of its blue, chooses one of the 48 bits and a sign by the key; that lowest bit is the
 * bit times the sign. Every point is read by itself, so it does not matter where the points are, in
 * which order, or whether some are missing. Blue changes by one level of 255 at most, and no point
 * moves.
 *
 * <p><b>False positives.</b> The points of one colour vote once, for 1 or -1 by the majority of
 * their lowest bits. The confidence is the sum of the n votes times the signs of the key and of the
 * bits, over √n. The signs of the key are independent of what any model makes, so for a fixed cloud
 * and codeword it exceeds t with a probability of at most exp(−t²/2) (Hoeffding 1963). Of 2³²
 * codewords and two readings of the colours, at the threshold of 10,
 *
 * <pre>P(a cloud without a mark has one) ≤ 2³² · 2 · exp(−10²/2) = 1.7 · 10⁻¹²</pre>
 *
 * <p>A cloud needs 100 different colours for it.
 */
public final class CloudMark {
  private static final String KEY = "glimt cloud watermark 1";

  private CloudMark() {}

  /** What the key gives to a colour. */
  private record Duty(int bit, int sign) {
    static Duty of(int colour) {
      byte[] key = "%s %s".formatted(KEY, colour).getBytes(StandardCharsets.US_ASCII);
      try {
        ByteBuffer draw = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key));
        return new Duty(
            (int) Long.remainderUnsigned(draw.getLong(), Codeword.BITS),
            (draw.get() & 1) == 0 ? 1 : -1);
      } catch (NoSuchAlgorithmException impossible) {
        throw new IllegalStateException("every JDK has SHA-256", impossible);
      }
    }
  }

  /** Marks a cloud. Equal clouds and marks give equal clouds. */
  public static PointCloud marked(PointCloud cloud, int mark) {
    long word = Codeword.of(mark);
    Map<Integer, Duty> duties = new HashMap<>();
    byte[] rgb = cloud.rgb().clone();
    for (int at = 0; at < rgb.length; at += 3) {
      Duty duty = duties.computeIfAbsent(colour(rgb, at), Duty::of);
      int lowest = Codeword.sign(word, duty.bit()) * duty.sign() > 0 ? 1 : 0;
      rgb[at + 2] = (byte) ((rgb[at + 2] & 0xFE) | lowest);
    }
    return new PointCloud(cloud.xyz(), rgb);
  }

  /**
   * Looks for a mark.
   *
   * @param rgb three sRGB bytes of each point
   */
  public static Optional<FoundMark> read(byte[] rgb) {
    double[] soft = new double[Codeword.BITS];
    int votes = votes(rgb, soft);
    Long word = votes == 0 ? null : Codeword.nearest(soft);
    if (word == null) {
      return Optional.empty();
    }
    double agreement = 0;
    for (int bit = 0; bit < soft.length; bit++) {
      agreement += Codeword.sign(word, bit) * soft[bit];
    }
    double confidence = agreement / Math.sqrt(votes);
    return confidence < MarkReader.THRESHOLD
        ? Optional.empty()
        : Optional.of(new FoundMark(Codeword.mark(word), confidence));
  }

  /** The share of the 48 bits that are right, for measurements. */
  public static double rightBits(byte[] rgb, int mark) {
    double[] soft = new double[Codeword.BITS];
    votes(rgb, soft);
    long word = Codeword.of(mark);
    int right = 0;
    for (int bit = 0; bit < soft.length; bit++) {
      right += soft[bit] * Codeword.sign(word, bit) > 0 ? 1 : 0;
    }
    return (double) right / Codeword.BITS;
  }

  /** Adds up the votes for each bit, and returns how many there are. */
  private static int votes(byte[] rgb, double[] soft) {
    Map<Integer, Integer> majorities = new HashMap<>();
    for (int at = 0; at + 2 < rgb.length; at += 3) {
      majorities.merge(colour(rgb, at), (rgb[at + 2] & 1) == 1 ? 1 : -1, Integer::sum);
    }
    Arrays.fill(soft, 0);
    int votes = 0;
    for (Map.Entry<Integer, Integer> one : majorities.entrySet()) {
      Duty duty = Duty.of(one.getKey());
      int vote = Integer.signum(one.getValue());
      soft[duty.bit()] += duty.sign() * vote;
      votes += Math.abs(vote);
    }
    return votes;
  }

  /** The colour of a point without the bit that is written. */
  private static int colour(byte[] rgb, int at) {
    return (rgb[at] & 0xFF) << 16 | (rgb[at + 1] & 0xFF) << 8 | (rgb[at + 2] & 0xFE);
  }
}
