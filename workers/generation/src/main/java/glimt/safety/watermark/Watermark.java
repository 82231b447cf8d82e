package glimt.safety.watermark;

import static glimt.safety.watermark.Spectrum.SIDE;

import glimt.media.Frames;

/**
 * Hides a mark of 32 bits in the luma of frames by spread spectrum (Cox, Kilian, Leighton and
 * Shamoon 1997): adds a faint pattern of waves whose signs are the bits. The pattern repeats every
 * 64 pixels in both directions and changes its sign every few frames, so that what a clip shows
 * cancels when a reader adds its frames with the same signs.
 */
public final class Watermark {
  /**
   * The root mean square of the pattern, in levels of 255: a PSNR of 38.5 dB before clipping, which
   * only weakens it.
   */
  static final double STRENGTH = 3;

  /** How many frames have the same sign. */
  static final int HOLD = 2;

  /**
   * The smallest side of marked frames, in pixels. A smaller picture holds less than one pattern,
   * and a reader would not be certain.
   */
  public static final int SMALLEST_SIDE = 64;

  private Watermark() {}

  /** Returns whether frames of this size are large enough to hold a mark. */
  public static boolean fits(int width, int height) {
    return Math.min(width, height) >= SMALLEST_SIDE;
  }

  /**
   * Marks frames. Equal frames and marks give equal bytes, on any machine.
   *
   * @return the frames themselves if they are too small, see {@link #fits}
   */
  public static Frames marked(Frames frames, int mark) {
    if (!fits(frames.width(), frames.height())) {
      return frames;
    }
    byte[] steps = steps(Carrier.PUBLIC.pattern(Codeword.of(mark)));
    byte[] rgb = frames.rgb().clone();
    int at = 0;
    for (int frame = 0; frame < frames.count(); frame++) {
      int sign = sign(frame);
      for (int y = 0; y < frames.height(); y++) {
        int row = y % SIDE * SIDE;
        for (int x = 0; x < frames.width(); x++) {
          int step = sign * steps[row + x % SIDE];
          for (int channel = 0; channel < 3; channel++, at++) {
            rgb[at] = (byte) Math.clamp((rgb[at] & 0xFF) + step, 0, 255);
          }
        }
      }
    }
    return new Frames(frames.count(), frames.height(), frames.width(), frames.fps(), rgb);
  }

  /** The sign of the pattern in a frame. */
  static int sign(int frame) {
    return frame / HOLD % 2 == 0 ? 1 : -1;
  }

  private static byte[] steps(float[] pattern) {
    byte[] steps = new byte[pattern.length];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = (byte) Math.round(STRENGTH * pattern[i]);
    }
    return steps;
  }
}
