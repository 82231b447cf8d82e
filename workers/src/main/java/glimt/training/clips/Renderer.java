package glimt.training.clips;

import glimt.training.clips.Grammar.Motion;
import java.util.Arrays;
import java.util.List;

/** Draws scenes: frames in [-1, 1], laid out [frames, 3, size, size]. */
public final class Renderer {
  /** Frames of the whole clip, over which a subject goes its way and its animation runs once. */
  public static final int LENGTH = 24;

  private final Grammar grammar;
  private final List<Sprites.Sprite> sprites;

  public Renderer(Grammar grammar, Sprites sprites) {
    this.grammar = grammar;
    this.sprites = grammar.subjects().stream().map(s -> sprites.of(s.clip())).toList();
  }

  /**
   * Draws {@code count} frames, the first being number {@code first} of the whole clip, {@code
   * stride} apart.
   */
  public float[] render(Scene scene, int first, int stride, int count, int size) {
    float[] out = new float[count * 3 * size * size];
    for (int i = 0; i < count; i++) {
      frame(scene, first + i * stride, size, out, i * 3 * size * size);
    }
    return out;
  }

  private void frame(Scene scene, int number, int size, float[] out, int at) {
    Sprites.Sprite sprite = sprites.get(scene.subject());
    int texels = size <= 16 ? 24 : size <= 32 ? 48 : 96;
    int shown = (int) ((scene.phase() + (double) number / LENGTH) * sprite.frames());
    float[] picture = sprite.frames(texels).get(shown % sprite.frames());
    Motion motion = grammar.motions().get(scene.motion());
    double way = scene.distance() * ((double) number / (LENGTH - 1) - 0.5);
    double left = scene.x() + motion.x() * way - scene.share();
    double top = scene.y() + motion.y() * way - scene.share();
    double texelsPerUnit = texels / (2 * scene.share());
    float[] background = {scene.red(), scene.green(), scene.blue()};
    float[] sum = new float[4];
    int plane = size * size;
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < size; column++) {
        Arrays.fill(sum, 0);
        for (int part = 0; part < 4; part++) { // four points of each pixel, against jagged edges
          double x = 2 * (column + 0.25 + 0.5 * (part & 1)) / size - 1;
          double y = 2 * (row + 0.25 + 0.5 * (part >> 1)) / size - 1;
          add(
              picture,
              texels,
              (x - left) * texelsPerUnit - 0.5,
              (y - top) * texelsPerUnit - 0.5,
              sum);
        }
        float uncovered = 1 - sum[3] / 4;
        for (int c = 0; c < 3; c++) {
          out[at + c * plane + row * size + column] =
              2 * (sum[c] / 4 + uncovered * background[c]) - 1;
        }
      }
    }
  }

  /** Adds the picture's value between its texels; around it there is nothing. */
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
}
