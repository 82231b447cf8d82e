package glimt.diffusion;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Selects the levels of a chain of T levels that a walk of n steps visits, in falling order unless
 * stated otherwise.
 */
public final class Spacing {
  private Spacing() {}

  /** i floor(T/n) + offset, which starts before the last level (DDIM, Song et al. 2021). */
  public static int[] leading(int length, int steps, int offset) {
    check(length, steps);
    int stride = length / steps;
    return IntStream.range(0, steps).map(i -> (steps - 1 - i) * stride + offset).toArray();
  }

  /** round(T - i T/n) - 1, which starts at the last level, as Lin et al. 2023 recommend. */
  public static int[] trailing(int length, int steps) {
    check(length, steps);
    return trailing(length, length, steps);
  }

  /**
   * Trailing levels from {@code last} down, with the stride of a whole chain: fewer than that of a
   * whole chain, if it starts lower. The stride is rounded as NumPy rounds that of a range, which
   * decides the levels that lie half between two.
   */
  static int[] trailing(int last, int length, int steps) {
    double stride = last - (last - (double) length / steps);
    int fitting = Math.min(steps, (int) Math.ceil(last / ((double) length / steps)));
    return IntStream.range(0, fitting).map(i -> (int) Math.rint(last - i * stride) - 1).toArray();
  }

  /** n equally spaced fractional points from T-1 to 0, both included. */
  public static double[] linspace(int length, int steps) {
    check(length, steps);
    double[] times = new double[steps];
    for (int i = 0; i < steps; i++) {
      times[steps - 1 - i] = steps == 1 ? 0 : i * ((length - 1.) / (steps - 1));
    }
    return times;
  }

  /** Rounds times to integers, half to even. */
  public static int[] rounded(double[] times) {
    return Arrays.stream(times).mapToInt(t -> (int) Math.rint(t)).toArray();
  }

  /**
   * Levels in rising order with a separate count for each section (the code of Nichol and Dhariwal
   * 2021). The chain is divided into as many equal sections as there are counts; each section is
   * sampled at equal strides from its first level to its last.
   */
  public static int[] sections(int length, int... counts) {
    TreeSet<Integer> levels = new TreeSet<>();
    int start = 0;
    for (int s = 0; s < counts.length; s++) {
      int size = length / counts.length + (s < length % counts.length ? 1 : 0);
      if (counts[s] < 1 || counts[s] > size) {
        throw new IllegalArgumentException(
            "a section of %s levels cannot have %s steps".formatted(size, counts[s]));
      }
      double stride = counts[s] == 1 ? 1 : (size - 1.) / (counts[s] - 1);
      double at = 0;
      for (int i = 0; i < counts[s]; i++) {
        levels.add(start + (int) Math.rint(at));
        at += stride;
      }
      start += size;
    }
    return levels.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Levels in rising order at the integer stride that gives exactly n of them.
   *
   * @throws IllegalArgumentException if there is no such stride
   */
  public static int[] strided(int length, int steps) {
    check(length, steps);
    List<Integer> strides = new ArrayList<>();
    for (int stride = 1; stride < length && strides.isEmpty(); stride++) {
      if ((length + stride - 1) / stride == steps) {
        strides.add(stride);
      }
    }
    if (strides.isEmpty()) {
      throw new IllegalArgumentException(
          "no integer stride gives %s steps through %s levels".formatted(steps, length));
    }
    int stride = strides.getFirst();
    return IntStream.range(0, steps).map(i -> i * stride).toArray();
  }

  private static void check(int length, int steps) {
    if (steps < 1 || steps > length) {
      throw new IllegalArgumentException(
          "a walk through %s levels takes 1 to %s steps, not %s".formatted(length, length, steps));
    }
  }
}
