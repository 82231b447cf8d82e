package glimt.training.clips;

import glimt.training.clips.Grammar.Motion;
import glimt.training.sprites.Sprites;
import java.util.Arrays;
import java.util.List;

/** Renders scenes as frames [frames, 3, size, size] with values in [-1, 1]. */
public final class Renderer {
  /**
   * The number of frames of a whole clip, in which the motion is completed and the sprite's
   * animation runs once.
   */
  public static final int LENGTH = 24;

  private final Grammar grammar;
  private final List<Sprites.Sprite> sprites;

  /**
   * Creates a renderer.
   *
   * @param sprites the sprites of all subjects of the grammar
   */
  public Renderer(Grammar grammar, Sprites sprites) {
    this.grammar = grammar;
    this.sprites = grammar.subjects().stream().map(s -> sprites.of(s.clip())).toList();
  }

  /** A part of a picture, in pixels of the whole. */
  record Crop(int top, int left, int height, int width) {}

  /**
   * Renders {@code count} frames that start at frame {@code first} of the whole clip and are {@code
   * stride} apart.
   *
   * @return [count, 3, size, size]
   */
  public float[] render(Scene scene, int first, int stride, int count, int size) {
    return render(scene, first, stride, count, size, new Crop(0, 0, size, size));
  }

  /**
   * Renders a part of {@code count} frames of {@code size} x {@code size} pixels.
   *
   * @return [count, 3, part.height, part.width]
   */
  float[] render(Scene scene, int first, int stride, int count, int size, Crop part) {
    int frame = 3 * part.height * part.width;
    float[] out = new float[count * frame];
    for (int i = 0; i < count; i++) {
      frame(scene, first + i * stride, size, part, out, i * frame);
    }
    return out;
  }

  private void frame(Scene scene, int number, int size, Crop part, float[] out, int at) {
    Motion motion = grammar.motions().get(scene.motion());
    double time = (double) number / (LENGTH - 1);
    double share = scene.share() * (motion.from() + (motion.to() - motion.from()) * time);
    double way = scene.distance() * (time - 0.5);
    double middleX = scene.x() + motion.x() * way;
    double middleY = scene.y() + motion.y() * way;
    double turn = 2 * Math.PI * motion.turns() * time;

    Sprites.Sprite sprite = sprites.get(scene.subject());
    int texels = texels(share * size);
    int shown = (int) ((scene.phase() + (double) number / LENGTH) * sprite.frames());
    float[] picture = sprite.frames(texels).get(shown % sprite.frames());

    // Maps picture coordinates to texels of the sprite: inverse rotation, then scaling.
    double scale = texels / (2 * share);
    double across = Math.cos(turn) * scale;
    double down = Math.sin(turn) * scale;
    double centre = texels / 2.0 - 0.5;
    float[] background = {scene.red(), scene.green(), scene.blue()};
    float[] sum = new float[4];
    int plane = part.height * part.width;
    for (int row = 0; row < part.height; row++) {
      for (int column = 0; column < part.width; column++) {
        Arrays.fill(sum, 0);
        for (int quarter = 0; quarter < 4; quarter++) { // four samples per pixel, against aliasing
          double x = 2 * (part.left + column + 0.25 + 0.5 * (quarter & 1)) / size - 1 - middleX;
          double y = 2 * (part.top + row + 0.25 + 0.5 * (quarter >> 1)) / size - 1 - middleY;
          Sprites.add(
              picture, texels, across * x + down * y + centre, across * y - down * x + centre, sum);
        }
        float uncovered = 1 - sum[3] / 4;
        for (int c = 0; c < 3; c++) {
          out[at + c * plane + row * part.width + column] =
              2 * (sum[c] / 4 + uncovered * background[c]) - 1;
        }
      }
    }
  }

  /** The smallest sprite size with at least two texels per pixel, or the largest size. */
  private static int texels(double pixels) {
    int fitting = Sprites.SIZES.getFirst();
    for (int size : Sprites.SIZES) {
      if (size >= 2 * pixels) {
        fitting = size;
      }
    }
    return fitting;
  }
}
