package glimt.training.clips;

import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import glimt.training.clips.Renderer.Crop;
import glimt.video.Enlargement;
import java.util.List;

/** Renders the true sample of a scene on each level, and converts samples between levels. */
record Ladder(Renderer renderer) {

  /** The whole sample of a level, [frames, 3, height, width]. */
  float[] truth(Scene scene, Level level) {
    int frames = level.axis("frames").extent();
    return renderer.render(scene, 0, stride(level), frames, size(level));
  }

  /** A segment of the true sample of a level. */
  float[] truth(Scene scene, Level level, Segment segment) {
    Span time = segment.spans().get(0);
    Span down = segment.spans().get(1);
    Span across = segment.spans().get(2);
    int stride = stride(level);
    return renderer.render(
        scene,
        time.start() * stride,
        stride,
        time.length(),
        size(level),
        new Crop(down.start(), across.start(), down.length(), across.length()));
  }

  /** The key frames of a scene on a level, in the format of {@link ClipJudge#keys}. */
  float[] keys(Scene scene, Level level) {
    int size = size(level);
    float[] keys = renderer.render(scene, 0, Renderer.LENGTH / ClipData.KEYS, ClipData.KEYS, size);
    return ClipJudge.keys(keys, ClipData.KEYS, size);
  }

  /** Reduces a sample to the level below: fewer frames, and averaged pixels. */
  static float[] shrunk(float[] sample, Level level, Level below) {
    int size = size(level);
    int few = below.axis("frames").extent();
    int stride = level.axis("frames").extent() / few;
    int frame = 3 * size * size;
    float[] kept = new float[few * frame];
    for (int i = 0; i < few; i++) {
      System.arraycopy(sample, i * stride * frame, kept, i * frame, frame);
    }
    int factor = size / size(below);
    return factor == 1 ? kept : ClipData.shrunk(kept, size, size, factor);
  }

  /** Enlarges a sample to the next level: linearly in time, bilinearly in space. */
  static float[] enlarged(float[] sample, Level below, Level level) {
    int size = size(below);
    int many = level.axis("frames").extent();
    int stride = many / below.axis("frames").extent();
    float[] large =
        stride == 1 ? sample : Enlargement.inTime(sample, 3 * size * size, stride, many);
    int factor = size(level) / size;
    return factor == 1 ? large : Enlargement.inSpace(large, size, size, factor);
  }

  static int size(Level level) {
    return level.axis("width").extent();
  }

  /** Whether a level adds frames rather than pixels. */
  static boolean inTime(Level below, Level level) {
    return size(below) == size(level);
  }

  private static int stride(Level level) {
    return Renderer.LENGTH / level.axis("frames").extent();
  }

  /** The level below. */
  static Level below(List<Level> levels, Level level) {
    return levels.get(levels.indexOf(level) - 1);
  }
}
