package glimt.safety.watermark;

/**
 * The discrete Fourier transform of a square tile of {@link #SIDE} × {@link #SIDE} values, in
 * place, by radix 2 (Cooley and Tukey 1965). Forward and not scaled: the sum of value · exp(−2πi
 * k·x / SIDE).
 *
 * @param re the real parts, row by row
 * @param im the imaginary parts
 */
record Spectrum(float[] re, float[] im) {
  /** The side of a tile, in pixels. */
  static final int SIDE = 64;

  private static final float[] COS = new float[SIDE / 2];
  private static final float[] SIN = new float[SIDE / 2];

  static {
    for (int i = 0; i < SIDE / 2; i++) {
      COS[i] = (float) StrictMath.cos(2 * StrictMath.PI * i / SIDE);
      SIN[i] = (float) -StrictMath.sin(2 * StrictMath.PI * i / SIDE);
    }
  }

  /** A tile of zeros. */
  static Spectrum empty() {
    return new Spectrum(new float[SIDE * SIDE], new float[SIDE * SIDE]);
  }

  /** Transforms the tile. */
  void transform() {
    for (int line = 0; line < SIDE; line++) {
      line(line * SIDE, 1);
    }
    for (int line = 0; line < SIDE; line++) {
      line(line, SIDE);
    }
  }

  private void line(int start, int step) {
    int bits = Integer.numberOfTrailingZeros(SIDE);
    for (int i = 0; i < SIDE; i++) {
      int j = Integer.reverse(i) >>> (Integer.SIZE - bits);
      if (i < j) {
        swap(start + i * step, start + j * step);
      }
    }
    for (int half = 1; half < SIDE; half *= 2) {
      int turn = SIDE / (2 * half);
      for (int block = 0; block < SIDE; block += 2 * half) {
        for (int i = 0; i < half; i++) {
          butterfly(start + (block + i) * step, half * step, i * turn);
        }
      }
    }
  }

  private void butterfly(int at, int reach, int turn) {
    int other = at + reach;
    float turnedRe = re[other] * COS[turn] - im[other] * SIN[turn];
    float turnedIm = re[other] * SIN[turn] + im[other] * COS[turn];
    re[other] = re[at] - turnedRe;
    im[other] = im[at] - turnedIm;
    re[at] += turnedRe;
    im[at] += turnedIm;
  }

  private void swap(int i, int j) {
    float real = re[i];
    re[i] = re[j];
    re[j] = real;
    float imaginary = im[i];
    im[i] = im[j];
    im[j] = imaginary;
  }
}
