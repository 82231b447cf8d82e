package glimt.safety.watermark;

import static glimt.safety.watermark.Spectrum.SIDE;

import glimt.media.Frames;
import glimt.media.Resize;
import java.util.ArrayList;
import java.util.List;

/**
 * The luma of frames, each folded into one tile of {@link Spectrum#SIDE} × {@link Spectrum#SIDE}:
 * pixels that are a whole number of tiles apart are added up. What repeats every tile grows, and
 * nothing else.
 */
final class Tiles {
  private Tiles() {}

  /**
   * Folds frames.
   *
   * @param scale by which the frames are resized first
   * @return one tile per frame, row by row, of luma in [-1, 1] less its frame's mean
   */
  static List<float[]> of(Frames frames, double scale) {
    int height = (int) Math.round(frames.height() * scale);
    int width = (int) Math.round(frames.width() * scale);
    List<float[]> tiles = new ArrayList<>();
    for (int frame = 0; frame < frames.count(); frame++) {
      float[] luma = luma(frames, frame);
      float[] sized = Resize.of(luma, frames.height(), frames.width(), height, width);
      tiles.add(folded(sized, width));
    }
    return tiles;
  }

  private static float[] luma(Frames frames, int frame) {
    byte[] rgb = frames.rgb();
    int count = frames.height() * frames.width();
    float[] luma = new float[count];
    int at = 3 * count * frame;
    for (int pixel = 0; pixel < count; pixel++, at += 3) {
      // BT.709
      luma[pixel] =
          (0.2126f * (rgb[at] & 0xFF)
                      + 0.7152f * (rgb[at + 1] & 0xFF)
                      + 0.0722f * (rgb[at + 2] & 0xFF))
                  / 127.5f
              - 1;
    }
    return luma;
  }

  private static float[] folded(float[] luma, int width) {
    double sum = 0;
    for (float value : luma) {
      sum += value;
    }
    float mean = (float) (sum / luma.length);
    float[] tile = new float[SIDE * SIDE];
    for (int i = 0; i < luma.length; i++) {
      tile[i / width % SIDE * SIDE + i % width % SIDE] += luma[i] - mean;
    }
    return tile;
  }
}
