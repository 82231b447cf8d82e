package glimt.metrics;

import java.util.Arrays;

/** Measures clips by their pixels. Clips are [frames, 3, size, size] in [-1, 1]. */
public final class Clips {
  /**
   * The smallest difference from the background, in the channel with the largest one, of a pixel of
   * the subject.
   */
  private static final double APART = 0.24;

  /** The number of frames at each end of the clip whose centres of mass are averaged. */
  private static final int ENDS = 2;

  private Clips() {}

  /**
   * Estimates the background colour, 3 values, as the median of the pixels at the border of all
   * frames.
   */
  public static float[] border(float[] clip, int size) {
    int frames = clip.length / (3 * size * size);
    int around = 4 * (size - 1);
    float[] colour = new float[3];
    for (int c = 0; c < 3; c++) {
      float[] values = new float[frames * around];
      int n = 0;
      for (int frame = 0; frame < frames; frame++) {
        int plane = (frame * 3 + c) * size * size;
        for (int i = 0; i + 1 < size; i++) {
          values[n++] = clip[plane + i];
          values[n++] = clip[plane + i * size + size - 1];
          values[n++] = clip[plane + (size - 1) * size + size - 1 - i];
          values[n++] = clip[plane + (size - 1 - i) * size];
        }
      }
      Arrays.sort(values);
      colour[c] = values[values.length / 2];
    }
    return colour;
  }

  /** A displacement in a picture of width 2: x to the right, y down. */
  public record Displacement(double x, double y) {

    /**
     * The direction: 1 or -1 along the dominant axis and 0 along the other; both are 0 if the
     * displacement is short or no axis dominates.
     */
    public Displacement direction() {
      double wide = Math.abs(x);
      double tall = Math.abs(y);
      if (Math.max(wide, tall) < 0.25 || Math.min(wide, tall) > 0.6 * Math.max(wide, tall)) {
        return new Displacement(0, 0);
      }
      return wide > tall
          ? new Displacement(Math.signum(x), 0)
          : new Displacement(0, Math.signum(y));
    }
  }

  /** The displacement of the subject from the first two frames to the last two. */
  public static Displacement way(float[] clip, int size) {
    int frames = clip.length / (3 * size * size);
    float[] background = border(clip, size);
    double x = 0;
    double y = 0;
    for (int i = 0; i < ENDS; i++) {
      Displacement first = centre(clip, i, size, background);
      Displacement last = centre(clip, frames - 1 - i, size, background);
      x += (last.x - first.x) / ENDS;
      y += (last.y - first.y) / ENDS;
    }
    return new Displacement(x, y);
  }

  private static Displacement centre(float[] clip, int frame, int size, float[] background) {
    double mass = 1e-6;
    double x = 0;
    double y = 0;
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < size; column++) {
        double apart = 0;
        for (int c = 0; c < 3; c++) {
          float value = Math.clamp(clip[((frame * 3 + c) * size + row) * size + column], -1, 1);
          apart = Math.max(apart, Math.abs(value - background[c]));
        }
        if (apart > APART) {
          mass += apart;
          x += apart * (2 * (column + 0.5) / size - 1);
          y += apart * (2 * (row + 0.5) / size - 1);
        }
      }
    }
    return new Displacement(x / mass, y / mass);
  }

  /** The peak signal-to-noise ratio in dB for values in [-1, 1]. */
  public static double psnr(float[] clip, float[] truth) {
    double sum = 0;
    for (int i = 0; i < clip.length; i++) {
      double error = Math.clamp(clip[i], -1, 1) - truth[i];
      sum += error * error;
    }
    return 10 * Math.log10(4 / (sum / clip.length));
  }

  /**
   * The mean absolute difference between horizontally and vertically adjacent pixels, which is
   * larger for sharper pictures.
   *
   * @param planes [planes, size, size]
   */
  public static double sharpness(float[] planes, int size) {
    int count = planes.length / (size * size);
    double sum = 0;
    for (int plane = 0; plane < count; plane++) {
      for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
          int at = (plane * size + y) * size + x;
          sum += x == 0 ? 0 : Math.abs(planes[at] - planes[at - 1]);
          sum += y == 0 ? 0 : Math.abs(planes[at] - planes[at - size]);
        }
      }
    }
    return sum / (2.0 * count * size * (size - 1));
  }

  /**
   * The absolute differences between adjacent values, at borders and elsewhere.
   *
   * @param border the sum of the steps across borders
   * @param borders the number of steps across borders
   * @param elsewhere the sum of all other steps
   * @param others the number of all other steps
   */
  public record BorderSteps(double border, long borders, double elsewhere, long others) {
    /** No steps. */
    public static final BorderSteps NONE = new BorderSteps(0, 0, 0, 0);

    /** The sum of these and other steps. */
    public BorderSteps plus(BorderSteps more) {
      return new BorderSteps(
          border + more.border,
          borders + more.borders,
          elsewhere + more.elsewhere,
          others + more.others);
    }

    /** The mean step across a border over the mean step elsewhere. */
    public double ratio() {
      return border / borders / (elsewhere / others);
    }

    private BorderSteps plus(boolean across, double step) {
      return across
          ? new BorderSteps(border + step, borders + 1, elsewhere, others)
          : new BorderSteps(border, borders, elsewhere + step, others + 1);
    }
  }

  /**
   * The steps between horizontally and vertically adjacent pixels.
   *
   * @param planes [planes, size, size]
   * @param border whether there is a border between each column, or row, and the previous one
   */
  public static BorderSteps acrossPixels(float[] planes, int size, boolean[] border) {
    BorderSteps steps = BorderSteps.NONE;
    int count = planes.length / (size * size);
    for (int i = 1; i < size; i++) {
      double sum = 0;
      for (int plane = 0; plane < count; plane++) {
        for (int along = 0; along < size; along++) {
          int down = (plane * size + i) * size + along;
          int across = (plane * size + along) * size + i;
          sum += Math.abs(planes[down] - planes[down - size]);
          sum += Math.abs(planes[across] - planes[across - 1]);
        }
      }
      steps = steps.plus(border[i], sum / (2.0 * count * size));
    }
    return steps;
  }

  /**
   * The steps between consecutive frames.
   *
   * @param border whether there is a border between each frame and the previous one
   */
  public static BorderSteps acrossFrames(float[] clip, int frames, boolean[] border) {
    BorderSteps steps = BorderSteps.NONE;
    int values = clip.length / frames;
    for (int frame = 1; frame < frames; frame++) {
      double sum = 0;
      for (int i = frame * values; i < (frame + 1) * values; i++) {
        sum += Math.abs(clip[i] - clip[i - values]);
      }
      steps = steps.plus(border[frame], sum / values);
    }
    return steps;
  }

  /** The mean absolute difference of values between consecutive frames. */
  public static double restlessness(float[] clip, int frames) {
    int values = clip.length / frames;
    double sum = 0;
    for (int i = values; i < clip.length; i++) {
      sum += Math.abs(clip[i] - clip[i - values]);
    }
    return sum / (clip.length - values);
  }
}
