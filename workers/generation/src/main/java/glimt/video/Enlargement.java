package glimt.video;

/**
 * A level made as large as the next by the plainest means there is: what a network of a cascade is
 * conditioned on, what it predicts a residual over, and what it has to beat.
 */
public final class Enlargement {
  private Enlargement() {}

  /**
   * More frames: key frame k stands at frame {@code k × stride}, the frames between two are mixed
   * linearly, and the last key frame is held to the end.
   *
   * @param keys {@code [n, plane]}
   * @param plane values of one frame
   * @return {@code [frames, plane]}
   */
  public static float[] inTime(float[] keys, int plane, int stride, int frames) {
    int last = keys.length / plane - 1;
    float[] clip = new float[frames * plane];
    for (int frame = 0; frame < frames; frame++) {
      int before = Math.min(frame / stride, last) * plane;
      int after = Math.min(frame / stride + 1, last) * plane;
      float share = (float) (frame % stride) / stride;
      for (int i = 0; i < plane; i++) {
        clip[frame * plane + i] = (1 - share) * keys[before + i] + share * keys[after + i];
      }
    }
    return clip;
  }

  /**
   * More pixels: bilinear between pixel centres, held beyond the outer ones.
   *
   * @param planes {@code [n, height, width]}
   * @return {@code [n, height × factor, width × factor]}
   */
  public static float[] inSpace(float[] planes, int height, int width, int factor) {
    int count = planes.length / (height * width);
    int tall = height * factor;
    int wide = width * factor;
    float[] large = new float[count * tall * wide];
    for (int plane = 0; plane < count; plane++) {
      int from = plane * height * width;
      int to = plane * tall * wide;
      for (int y = 0; y < tall; y++) {
        float row = Math.clamp((y + 0.5f) / factor - 0.5f, 0, height - 1);
        int top = (int) row;
        int bottom = Math.min(top + 1, height - 1);
        float down = row - top;
        for (int x = 0; x < wide; x++) {
          float column = Math.clamp((x + 0.5f) / factor - 0.5f, 0, width - 1);
          int left = (int) column;
          int right = Math.min(left + 1, width - 1);
          float across = column - left;
          float above =
              (1 - across) * planes[from + top * width + left]
                  + across * planes[from + top * width + right];
          float below =
              (1 - across) * planes[from + bottom * width + left]
                  + across * planes[from + bottom * width + right];
          large[to + y * wide + x] = (1 - down) * above + down * below;
        }
      }
    }
    return large;
  }
}
