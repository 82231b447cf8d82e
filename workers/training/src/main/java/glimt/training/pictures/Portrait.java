package glimt.training.pictures;

import glimt.media.Frames;
import glimt.media.Picture;
import glimt.training.sprites.Sprites;
import glimt.training.sprites.Sprites.Sprite;

/**
 * Draws sprites as [4, side, side]: premultiplied red, green, blue and alpha, from -1 (none) to 1.
 */
final class Portrait {
  /** The height and width of a whole picture in pixels. */
  static final int SIDE = 128;

  private Portrait() {}

  /**
   * Draws a part of a sprite.
   *
   * @param frame the frame of its animation
   * @param pixels the height and width in which the whole sprite is drawn
   * @param left the place of the part's left edge in the drawn sprite, in pixels
   * @param top the place of its upper edge
   * @param side the height and width of the part in pixels
   * @param out receives the part from {@code at} on
   */
  static void draw(
      Sprite sprite,
      int frame,
      double pixels,
      double left,
      double top,
      int side,
      float[] out,
      int at) {
    int texels = Sprites.SIZES.getFirst();
    for (int size : Sprites.SIZES) {
      if (size >= pixels) {
        texels = size;
      }
    }
    float[] picture = sprite.frames(texels).get(frame);
    double scale = texels / pixels;
    int plane = side * side;
    float[] sum = new float[4];
    for (int row = 0; row < side; row++) {
      for (int column = 0; column < side; column++) {
        sum[0] = sum[1] = sum[2] = sum[3] = 0;
        for (int quarter = 0; quarter < 4; quarter++) { // four samples per pixel, against aliasing
          double u = (left + column + 0.25 + 0.5 * (quarter & 1)) * scale - 0.5;
          double v = (top + row + 0.25 + 0.5 * (quarter >> 1)) * scale - 0.5;
          add(picture, texels, u, v, sum);
        }
        for (int c = 0; c < 4; c++) {
          out[at + c * plane + row * side + column] = sum[c] / 2 - 1;
        }
      }
    }
  }

  /** Adds a bilinearly interpolated texel, which is transparent outside the sprite. */
  private static void add(float[] picture, int texels, double u, double v, float[] sum) {
    if (u <= -1 || v <= -1 || u >= texels || v >= texels) {
      return;
    }
    int u0 = (int) Math.floor(u);
    int v0 = (int) Math.floor(v);
    float fu = (float) (u - u0);
    float fv = (float) (v - v0);
    for (int corner = 0; corner < 4; corner++) {
      int x = u0 + (corner & 1);
      int y = v0 + (corner >> 1);
      if (x >= 0 && y >= 0 && x < texels && y < texels) {
        float weight = ((corner & 1) == 0 ? 1 - fu : fu) * (corner < 2 ? 1 - fv : fv);
        int from = 4 * (y * texels + x);
        for (int c = 0; c < 4; c++) {
          sum[c] += weight * picture[from + c];
        }
      }
    }
  }

  /**
   * Lays a drawn sprite over a colour.
   *
   * @param drawn holds [4, side, side] from {@code at} on
   * @param red the colour, each from -1 to 1
   * @return [3, side, side] from -1 to 1
   */
  static float[] over(float[] drawn, int at, int side, float red, float green, float blue) {
    int plane = side * side;
    float[] background = {red, green, blue};
    float[] out = new float[3 * plane];
    for (int i = 0; i < plane; i++) {
      float bare = 1 - (drawn[at + 3 * plane + i] + 1) / 2;
      for (int c = 0; c < 3; c++) {
        out[c * plane + i] = drawn[at + c * plane + i] + 1 + bare * (background[c] + 1) - 1;
      }
    }
    return out;
  }

  /** A picture [3, side, side] from -1 to 1 for people to look at. */
  static Picture picture(float[] sample, int side) {
    return Frames.ofSample(sample, 1, side, side, 1).picture(0);
  }
}
