package glimt.video;

/**
 * Enlarges a level to the size of the next by linear interpolation. A network of a cascade is
 * conditioned on the enlarged level and predicts a residual over it; the interpolation also serves
 * as the baseline of evaluations.
 *
 * <p>In time, key frame k becomes frame {@code k × stride}, the frames between two key frames are
 * interpolated linearly, and the last key frame is repeated to the end. In space, pixels are
 * interpolated bilinearly between pixel centres and clamped at the borders. A part of the large
 * clip is computed from only the necessary part of the small clip.
 *
 * @param frames the number of frames of the small clip
 * @param height the height of the small clip in pixels
 * @param width the width of the small clip in pixels
 * @param stride the number of large frames from one key frame to the next
 * @param factor the enlargement in each direction
 * @param byCorners whether the centres of the small clip's corners lie on those of the large one's,
 *     as with align_corners, instead of the pixels' outer edges
 */
public record Enlargement(
    int frames, int height, int width, int stride, int factor, boolean byCorners) {
  /** Makes an enlargement in which the outer edges of the clips' pixels coincide. */
  public Enlargement(int frames, int height, int width, int stride, int factor) {
    this(frames, height, width, stride, factor, false);
  }

  /** A part of a clip: a window of frames and a tile of pixels. */
  public record Part(int frame, int frames, int y, int height, int x, int width) {
    int plane() {
      return height * width;
    }
  }

  /**
   * Enlarges planes of any shape in time.
   *
   * @param keys {@code [n, plane]}
   * @param plane the number of values per frame
   * @return {@code [frames, plane]}
   */
  public static float[] inTime(float[] keys, int plane, int stride, int frames) {
    return new Enlargement(keys.length / plane, 1, plane, stride, 1).whole(keys, frames, 1);
  }

  /**
   * Enlarges planes in space.
   *
   * @param planes {@code [n, height, width]}
   * @return {@code [n, height × factor, width × factor]}
   */
  public static float[] inSpace(float[] planes, int height, int width, int factor) {
    int count = planes.length / (height * width);
    return new Enlargement(count, height, width, 1, factor).whole(planes, count, 1);
  }

  /** The part of the small clip that is necessary to compute a part of the large clip. */
  public Part needed(Part large) {
    int first = Math.min(large.frame() / stride, frames - 1);
    int last = large.frame() + large.frames() - 1;
    int until = Math.min(last / stride + (stride == 1 ? 0 : 1), frames - 1);
    int top = (int) place(large.y(), height);
    int bottom = Math.min((int) place(large.y() + large.height() - 1, height) + 1, height - 1);
    int left = (int) place(large.x(), width);
    int right = Math.min((int) place(large.x() + large.width() - 1, width) + 1, width - 1);
    return new Part(first, until - first + 1, top, bottom - top + 1, left, right - left + 1);
  }

  /**
   * Computes a part of the large clip.
   *
   * @param small {@code [frames, channels, height, width]} of the {@linkplain #needed part needed}
   * @return {@code [frames, channels, height, width]} of the part {@code large}
   */
  public float[] part(float[] small, Part large, int channels) {
    Part from = needed(large);
    float[] out = new float[large.frames() * channels * large.plane()];
    float[] frame = new float[channels * from.plane()];
    for (int f = 0; f < large.frames(); f++) {
      inTime(small, from, large.frame() + f, frame);
      for (int channel = 0; channel < channels; channel++) {
        inSpace(
            frame,
            channel * from.plane(),
            from,
            large,
            out,
            (f * channels + channel) * large.plane());
      }
    }
    return out;
  }

  /**
   * Enlarges a whole clip.
   *
   * @param small {@code [frames, channels, height, width]}
   * @return {@code [largeFrames, channels, height × factor, width × factor]}
   */
  public float[] whole(float[] small, int largeFrames, int channels) {
    return part(small, new Part(0, largeFrames, 0, height * factor, 0, width * factor), channels);
  }

  /** Interpolates one frame of the large clip at the resolution of the small clip. */
  private void inTime(float[] small, Part from, int frame, float[] out) {
    int before = (Math.min(frame / stride, frames - 1) - from.frame()) * out.length;
    if (stride == 1) {
      System.arraycopy(small, before, out, 0, out.length);
      return;
    }
    int after = (Math.min(frame / stride + 1, frames - 1) - from.frame()) * out.length;
    float share = (float) (frame % stride) / stride;
    for (int i = 0; i < out.length; i++) {
      out[i] = (1 - share) * small[before + i] + share * small[after + i];
    }
  }

  private void inSpace(float[] frame, int at, Part from, Part large, float[] out, int to) {
    if (factor == 1) {
      System.arraycopy(frame, at, out, to, large.plane());
      return;
    }
    for (int y = 0; y < large.height(); y++) {
      float row = place(large.y() + y, height);
      int top = (int) row;
      float down = row - top;
      int upper = at + (top - from.y()) * from.width() - from.x();
      int lower = at + (Math.min(top + 1, height - 1) - from.y()) * from.width() - from.x();
      for (int x = 0; x < large.width(); x++) {
        float column = place(large.x() + x, width);
        int left = (int) column;
        int right = Math.min(left + 1, width - 1);
        float across = column - left;
        float above = (1 - across) * frame[upper + left] + across * frame[upper + right];
        float below = (1 - across) * frame[lower + left] + across * frame[lower + right];
        out[to + y * large.width() + x] = (1 - down) * above + down * below;
      }
    }
  }

  /** The position of a pixel of the large clip in the pixel coordinates of the small clip. */
  private float place(int pixel, int extent) {
    if (byCorners) {
      return (float) (extent - 1) / (extent * factor - 1) * pixel;
    }
    return Math.clamp((pixel + 0.5f) / factor - 0.5f, 0, extent - 1);
  }
}
