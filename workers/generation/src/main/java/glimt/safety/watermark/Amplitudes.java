package glimt.safety.watermark;

import static glimt.safety.watermark.Spectrum.SIDE;

import java.util.Arrays;
import java.util.List;

/**
 * The amplitudes of a tile's waves, each times the signs of its wave in the key: where a tile has
 * the pattern, they are positive real, but for the signs of the bits. Their squares add up to 1.
 *
 * @param re the real parts
 * @param im the imaginary parts
 */
record Amplitudes(float[] re, float[] im) {
  /** How many peaks of the pilot are looked at for each rhythm. */
  private static final int PEAKS = 2;

  /**
   * Measures a tile. Strong waves, which belong to what is shown, count little more than weak ones:
   * a size a becomes a / (a + the median of all).
   */
  static Amplitudes of(float[] tile) {
    Carrier carrier = Carrier.PUBLIC;
    Spectrum spectrum = new Spectrum(tile, new float[tile.length]);
    spectrum.transform();
    int count = carrier.count();
    float[] re = new float[count];
    float[] im = new float[count];
    float[] sizes = new float[count];
    for (int wave = 0; wave < count; wave++) {
      int frequency = carrier.frequencies()[wave];
      float real = spectrum.re()[frequency];
      float imaginary = spectrum.im()[frequency];
      float cosine = carrier.cosines()[wave];
      float sine = carrier.sines()[wave];
      re[wave] = cosine * real - sine * imaginary;
      im[wave] = cosine * imaginary + sine * real;
      sizes[wave] = (float) Math.sqrt(real * real + imaginary * imaginary);
    }
    weigh(re, im, sizes);
    return new Amplitudes(re, im);
  }

  private static void weigh(float[] re, float[] im, float[] sizes) {
    float[] sorted = sizes.clone();
    Arrays.sort(sorted);
    float median = sorted[sorted.length / 2] + Float.MIN_NORMAL;
    double squares = 0;
    for (float size : sizes) {
      double weighed = size / (size + median);
      squares += weighed * weighed;
    }
    double length = squares == 0 ? 1 : Math.sqrt(squares);
    for (int i = 0; i < sizes.length; i++) {
      float weight = (float) (1 / (sizes[i] + median) / length);
      re[i] *= weight;
      im[i] *= weight;
    }
  }

  /** The shifts at which the pilot agrees best, with either sign. */
  List<Peak> peaks() {
    Carrier carrier = Carrier.PUBLIC;
    Spectrum pilot = Spectrum.empty();
    for (int wave = 0; wave < carrier.count(); wave++) {
      if (carrier.duties()[wave] == Carrier.PILOT) {
        pilot.re()[carrier.frequencies()[wave]] = re[wave];
        pilot.im()[carrier.frequencies()[wave]] = im[wave];
      }
    }
    pilot.transform();
    float[] heights = pilot.re();
    int[] highest = new int[PEAKS];
    Arrays.fill(highest, -1);
    for (int shift = 0; shift < SIDE * SIDE; shift++) {
      int next = shift;
      for (int i = 0; i < PEAKS; i++) {
        if (highest[i] < 0 || Math.abs(heights[next]) > Math.abs(heights[highest[i]])) {
          int lower = highest[i];
          highest[i] = next;
          next = lower;
          if (next < 0) {
            break;
          }
        }
      }
    }
    return Arrays.stream(highest)
        .mapToObj(shift -> new Peak(this, shift, heights[shift] < 0 ? -1 : 1))
        .toList();
  }
}
