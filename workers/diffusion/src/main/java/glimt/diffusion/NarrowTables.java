package glimt.diffusion;

/**
 * The tables of a chain in 32 bits, operation by operation as diffusers computes them with PyTorch
 * and NumPy on a processor with vector instructions. The fractional times that a network hears
 * depend on the last bits: between two levels log sigma differs by 0.005, so that a change of the
 * last bit moves a time by 5e-5.
 */
final class NarrowTables {
  private NarrowTables() {}

  /** PyTorch computes equally spaced numbers in groups of this many. */
  private static final int LANES = 8;

  private static final float LN_2 = 0.6931472f;

  /** The quotient of polynomials in x - 1 with which NumPy approximates ln x near 1. */
  private static final float[] ABOVE = {0.025899792f, 0.38088378f, 1.4800006f, 2.1126776f, 1, 0};

  private static final float[] BELOW = {
    0.0058750953f, 0.15464763f, 0.9864943f, 2.453006f, 2.6126776f, 1
  };

  /** Numbers with equal distances from {@code first} to {@code last}. */
  static float[] spaced(double first, double last, int length) {
    float start = (float) first;
    float end = (float) last;
    float[] all = new float[length];
    if (length == 1) {
      all[0] = start;
      return all;
    }
    float stride = (end - start) / (length - 1);
    int grouped = length / (2 * LANES) * 2 * LANES;
    for (int i = 0; i < length; i++) {
      int group = i < grouped ? i / LANES * LANES : i;
      float base =
          group < length / 2
              ? Math.fma(stride, (float) group, start)
              : Math.fma(-stride, (float) (length - group - 1), end);
      all[i] = base + (i - group) * stride;
    }
    return all;
  }

  /** The remaining fractions of the signal's variance. */
  static float[] abar(float[] betas) {
    float[] abar = new float[betas.length];
    double product = 1; // which is kept in 64 bits
    for (int t = 0; t < betas.length; t++) {
      product *= 1 - betas[t];
      abar[t] = (float) product;
    }
    return abar;
  }

  /** The betas of a chain rescaled to zero terminal SNR (Lin et al. 2023, Algorithm 1). */
  static float[] withoutTerminalSignal(float[] betas) {
    float[] roots = abar(betas);
    for (int t = 0; t < roots.length; t++) {
      roots[t] = (float) Math.sqrt(roots[t]);
    }
    float first = roots[0];
    float last = roots[roots.length - 1];
    float scale = first / (first - last);
    float[] changed = new float[betas.length];
    float before = 1;
    for (int t = 0; t < roots.length; t++) {
      float root = (roots[t] - last) * scale;
      float bar = root * root;
      changed[t] = 1 - bar / before;
      before = bar;
    }
    return changed;
  }

  /** sigma at abar. */
  static float sigma(float abar) {
    return (float) Math.sqrt((1 - abar) / abar);
  }

  /** ln x, as NumPy's vector instructions round it. */
  static float log(float x) {
    int exponent = Math.getExponent(x) + 1;
    float mantissa = Math.scalb(x, -exponent); // 0.5 to 1
    if (mantissa <= (float) Math.sqrt(0.5)) {
      mantissa *= 2;
      exponent--;
    }
    float y = mantissa - 1;
    float above = ABOVE[0];
    float below = BELOW[0];
    for (int i = 1; i < ABOVE.length; i++) {
      above = Math.fma(above, y, ABOVE[i]);
      below = Math.fma(below, y, BELOW[i]);
    }
    return Math.fma((float) exponent, LN_2, above / below);
  }

  /**
   * The fractional index of {@code log} in a table of logarithms, clamped to it. The table rises,
   * but for a last level that stands for one without signal.
   */
  static double time(float log, float[] logs) {
    int low = logs.length - 1;
    while (low > 0 && logs[low] > log) {
      low--;
    }
    low = Math.min(low, logs.length - 2);
    float w = Math.clamp((logs[low] - log) / (logs[low] - logs[low + 1]), 0f, 1f);
    return (float) ((1 - w) * (double) low + w * (low + 1.));
  }
}
