package glimt.training.pictures;

import glimt.training.sprites.Sprites.Sprite;
import glimt.training.words.CaptionGrammar;
import java.util.random.RandomGenerator;

/** Real pictures [3, 128, 128] from -1 to 1: sprites drawn over a background. */
public final class RealPictures {
  private static final double NOISE = 0.15;
  private static final double SHIFT = 6;

  private RealPictures() {}

  /** A subject over a colour, as training shows it. */
  public static float[] exact(
      Sprite sprite, CaptionGrammar grammar, int colour, RandomGenerator random) {
    float[] drawn = Latents.portrait(sprite, random.nextInt(sprite.frames()));
    return over(drawn, grammar, colour);
  }

  /** A subject in another size and place, over any colour, possibly with noise or blurred. */
  static float[] varied(Sprite sprite, CaptionGrammar grammar, RandomGenerator random) {
    return varied(sprite, grammar, 0.7, 0.9, random);
  }

  /**
   * The same in a range of sizes.
   *
   * @param least the smallest share of the picture's width that a sprite takes
   * @param most the largest
   */
  public static float[] varied(
      Sprite sprite, CaptionGrammar grammar, double least, double most, RandomGenerator random) {
    int side = Portrait.SIDE;
    double pixels = side * random.nextDouble(least, most);
    double left = (pixels - side) / 2 + random.nextDouble(-SHIFT, SHIFT);
    double top = (pixels - side) / 2 + random.nextDouble(-SHIFT, SHIFT);
    float[] drawn = new float[4 * side * side];
    Portrait.draw(sprite, random.nextInt(sprite.frames()), pixels, left, top, side, drawn, 0);
    float[] picture = over(drawn, grammar, random.nextInt(grammar.colours().size()));
    if (random.nextInt(4) == 0) {
      picture = blurred(picture, side);
    }
    if (random.nextBoolean()) {
      double spread = random.nextDouble(NOISE);
      for (int i = 0; i < picture.length; i++) {
        picture[i] += (float) (spread * random.nextGaussian());
      }
    }
    return picture;
  }

  private static float[] over(float[] drawn, CaptionGrammar grammar, int colour) {
    float[] rgb = new float[3];
    for (int c = 0; c < 3; c++) {
      rgb[c] = (float) (grammar.colours().get(colour).rgb().get(c) / 127.5 - 1);
    }
    return Portrait.over(drawn, 0, Portrait.SIDE, rgb[0], rgb[1], rgb[2]);
  }

  /** The mean of 3 x 3 pixels. */
  private static float[] blurred(float[] picture, int side) {
    float[] out = new float[picture.length];
    int plane = side * side;
    for (int i = 0; i < picture.length; i++) {
      int y = i % plane / side;
      int x = i % side;
      float sum = 0;
      for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
          int v = Math.clamp(y + dy, 0, side - 1);
          int u = Math.clamp(x + dx, 0, side - 1);
          sum += picture[i / plane * plane + v * side + u];
        }
      }
      out[i] = sum / 9;
    }
    return out;
  }
}
