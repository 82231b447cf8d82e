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
          Sprites.add(picture, texels, u, v, sum);
        }
        for (int c = 0; c < 4; c++) {
          out[at + c * plane + row * side + column] = sum[c] / 2 - 1;
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
