package glimt.safety.watermark;

import static glimt.safety.watermark.Spectrum.SIDE;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The waves of which the pattern consists: one half of the frequencies of a ring of a tile's
 * spectrum. The key gives each wave the signs of its cosine and of its sine, independently, and its
 * duty: the pilot, by which the pattern is found, or one of the 48 bits.
 *
 * @param frequencies the place {@code v * SIDE + u} of each wave in a {@link Spectrum}
 * @param cosines 1 or -1
 * @param sines 1 or -1
 * @param duties the bit that the wave carries, or {@link #PILOT}
 */
record Carrier(int[] frequencies, float[] cosines, float[] sines, int[] duties) {
  static final int PILOT = -1;

  /** The ring, in periods per tile: finer waves do not survive strong compression. */
  private static final double INNER = 3;

  private static final double OUTER = 12;

  /** One wave in so many is of the pilot. */
  private static final int PILOT_SHARE = 3;

  /** The key is public, so that anybody can look for the mark. */
  private static final String KEY = "glimt watermark 1";

  static final Carrier PUBLIC = of(KEY);

  private record Wave(int frequency, int signs, long draw) {}

  static Carrier of(String key) {
    List<Wave> waves = new ArrayList<>();
    for (int v = 0; v <= SIDE / 2 - 1; v++) {
      for (int u = -SIDE / 2 + 1; u < SIDE / 2; u++) {
        double radius = Math.sqrt(u * u + v * v);
        if ((v > 0 || u > 0) && radius >= INNER && radius <= OUTER) {
          int frequency = v * SIDE + Math.floorMod(u, SIDE);
          ByteBuffer draws = ByteBuffer.wrap(digest(key + " " + frequency));
          waves.add(new Wave(frequency, draws.getInt(), draws.getLong()));
        }
      }
    }
    waves.sort(Comparator.comparingLong(Wave::draw));
    int count = waves.size();
    var carrier = new Carrier(new int[count], new float[count], new float[count], new int[count]);
    int carried = 0;
    for (int i = 0; i < count; i++) {
      Wave wave = waves.get(i);
      carrier.frequencies[i] = wave.frequency();
      carrier.cosines[i] = (wave.signs() & 1) == 0 ? 1 : -1;
      carrier.sines[i] = (wave.signs() & 2) == 0 ? 1 : -1;
      carrier.duties[i] = i % PILOT_SHARE == 0 ? PILOT : carried++ % Codeword.BITS;
    }
    return carrier;
  }

  /** The number of waves. */
  int count() {
    return frequencies.length;
  }

  /**
   * The pattern of a codeword, SIDE × SIDE, with a mean of 0 and a root mean square of 1.
   *
   * <p>A wave is cos(φ) · its cosine sign + sin(φ) · its sine sign, times the sign of its bit.
   */
  float[] pattern(long codeword) {
    Spectrum waves = Spectrum.empty();
    for (int i = 0; i < count(); i++) {
      int sign = duties[i] == PILOT ? 1 : Codeword.sign(codeword, duties[i]);
      // The real part of (c + i s) exp(−iφ) is c cos(φ) + s sin(φ).
      waves.re()[frequencies[i]] = sign * cosines[i];
      waves.im()[frequencies[i]] = sign * sines[i];
    }
    waves.transform();
    // Each of the count waves of two unit signs has a mean square of 1.
    float scale = (float) (1 / Math.sqrt(count()));
    float[] pattern = waves.re();
    for (int i = 0; i < pattern.length; i++) {
      pattern[i] *= scale;
    }
    return pattern;
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
