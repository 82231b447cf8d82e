package glimt.training.clips;

/** The plain way to more frames and pixels, which the upsamplers have to beat. */
public final class Enlargement {
  private Enlargement() {}

  /**
   * Linear in time: key frame k becomes frame {@code factor * k}, and after the last one nothing
   * moves.
   *
   * @param keys [frames, values]
   * @return [frames * factor, values]
   */
  public static float[] inTime(float[] keys, int frames, int factor) {
    int values = keys.length / frames;
    float[] out = new float[keys.length * factor];
    for (int frame = 0; frame < frames * factor; frame++) {
      int key = frame / factor;
      int next = Math.min(key + 1, frames - 1);
      float share = (float) (frame % factor) / factor;
      for (int i = 0; i < values; i++) {
        out[frame * values + i] =
            keys[key * values + i] * (1 - share) + keys[next * values + i] * share;
      }
    }
    return out;
  }

  /**
   * Bilinear in space, pixels being areas (corners not aligned), the border pixels extended.
   *
   * @param planes [planes, size, size]
   * @return [planes, size * factor, size * factor]
   */
  public static float[] inSpace(float[] planes, int size, int factor) {
    int large = size * factor;
    int[] low = new int[large];
    float[] share = new float[large];
    for (int i = 0; i < large; i++) {
      double at = Math.clamp((i + 0.5) / factor - 0.5, 0, size - 1);
      low[i] = Math.min((int) at, Math.max(0, size - 2));
      share[i] = (float) (at - low[i]);
    }
    int count = planes.length / (size * size);
    float[] out = new float[count * large * large];
    for (int plane = 0; plane < count; plane++) {
      for (int y = 0; y < large; y++) {
        int above = (plane * size + low[y]) * size;
        int under = above + Math.min(size - 1, 1) * size;
        for (int x = 0; x < large; x++) {
          int left = low[x];
          int right = left + Math.min(size - 1, 1);
          float top = planes[above + left] * (1 - share[x]) + planes[above + right] * share[x];
          float bottom = planes[under + left] * (1 - share[x]) + planes[under + right] * share[x];
          out[(plane * large + y) * large + x] = top * (1 - share[y]) + bottom * share[y];
        }
      }
    }
    return out;
  }

  /**
   * The mean over squares of {@code factor} pixels.
   *
   * @param planes [planes, size, size]
   */
  public static float[] shrunk(float[] planes, int size, int factor) {
    int small = size / factor;
    int count = planes.length / (size * size);
    float[] out = new float[count * small * small];
    for (int plane = 0; plane < count; plane++) {
      for (int y = 0; y < small * factor; y++) {
        for (int x = 0; x < small * factor; x++) {
          out[(plane * small + y / factor) * small + x / factor] +=
              planes[(plane * size + y) * size + x] / (factor * factor);
        }
      }
    }
    return out;
  }
}
