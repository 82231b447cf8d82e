package glimt.training.pictures;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.training.sprites.Sprites.Sprite;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The latents of all subjects in all poses, [10, 16, 16] each, as the trained encoder makes them.
 *
 * @param bySubject the poses of each subject
 */
record Latents(List<List<float[]>> bySubject) {
  /** The number of channels that describe the subject; three more describe the background. */
  static final int CHANNELS = 10;

  /** The height and width of a latent. */
  static final int SIDE = Portrait.SIDE / 8;

  /** The share of the picture's width that a sprite takes. */
  static final double SHARE = 0.8;

  private static final int TOGETHER = 16;

  Latents {
    bySubject = bySubject.stream().map(List::copyOf).toList();
  }

  /**
   * Encodes the sprites of all subjects.
   *
   * @param encoder the encoder, which the caller closes
   * @param poses the largest number of poses of a subject, evenly spaced over its animation
   */
  static Latents of(Network encoder, List<Sprite> sprites, int poses) {
    List<List<float[]>> all = new ArrayList<>();
    try (NDManager memory = NDManager.newBaseManager("PyTorch")) {
      for (Sprite sprite : sprites) {
        int count = Math.min(poses, sprite.frames());
        List<float[]> drawn = new ArrayList<>();
        for (int pose = 0; pose < count; pose++) {
          drawn.add(portrait(sprite, pose * sprite.frames() / count));
        }
        List<float[]> latents = new ArrayList<>();
        for (int from = 0; from < count; from += TOGETHER) {
          int to = Math.min(count, from + TOGETHER);
          latents.addAll(encoded(encoder, drawn.subList(from, to), memory));
        }
        all.add(latents);
      }
    }
    return new Latents(all);
  }

  /** A subject in the middle of a whole picture, [4, side, side]. */
  static float[] portrait(Sprite sprite, int frame) {
    double pixels = SHARE * Portrait.SIDE;
    double margin = (pixels - Portrait.SIDE) / 2;
    float[] picture = new float[4 * Portrait.SIDE * Portrait.SIDE];
    Portrait.draw(sprite, frame, pixels, margin, margin, Portrait.SIDE, picture, 0);
    return picture;
  }

  private static List<float[]> encoded(Network encoder, List<float[]> pictures, NDManager memory) {
    int size = pictures.getFirst().length;
    float[] all = new float[pictures.size() * size];
    for (int i = 0; i < pictures.size(); i++) {
      System.arraycopy(pictures.get(i), 0, all, i * size, size);
    }
    try (NDManager scope = memory.newSubManager()) {
      NDArray image =
          scope.create(all, new Shape(pictures.size(), 4, Portrait.SIDE, Portrait.SIDE));
      float[] latents = encoder.call(Map.of("image", image)).singletonOrThrow().toFloatArray();
      int few = latents.length / pictures.size();
      List<float[]> each = new ArrayList<>();
      for (int i = 0; i < pictures.size(); i++) {
        each.add(Arrays.copyOfRange(latents, i * few, (i + 1) * few));
      }
      return each;
    }
  }
}
