package glimt.training.clips;

import glimt.bundle.Safetensors.Tensor;
import glimt.metrics.Clips;
import glimt.training.learning.Classifier;
import glimt.training.learning.Classifier.Classified;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Says what small clips show: subject and motion by the bundle's classifier, the colour of the
 * background by its pixels. Clips are [8, 3, 16, 16] in [-1, 1].
 */
final class ClipJudge implements AutoCloseable {
  /** Clips looked at together. */
  private static final int TOGETHER = 64;

  private static final int FRAME = 3 * ClipData.SMALL * ClipData.SMALL;
  private static final int CLIP = ClipData.KEYS * FRAME;

  /** What one clip shows, by number in the grammar, and what the classifier thinks in. */
  record Recognised(int subject, int motion, int colour, double[] features) {}

  private final Classifier classifier;
  private final Grammar grammar;

  /** The classifier is the judge's to close. */
  ClipJudge(Classifier classifier, Grammar grammar) {
    this.classifier = classifier;
    this.grammar = grammar;
  }

  List<Recognised> judge(List<float[]> clips) {
    List<Recognised> found = new ArrayList<>();
    for (int from = 0; from < clips.size(); from += TOGETHER) {
      List<float[]> some = clips.subList(from, Math.min(clips.size(), from + TOGETHER));
      float[] all = new float[some.size() * CLIP];
      for (int row = 0; row < some.size(); row++) {
        System.arraycopy(some.get(row), 0, all, row * CLIP, CLIP);
      }
      List<Classified> seen =
          classifier.see(
              Tensor.of(all, some.size(), ClipData.KEYS, 3, ClipData.SMALL, ClipData.SMALL));
      for (int row = 0; row < some.size(); row++) {
        List<Integer> classes = seen.get(row).classes();
        int colour = nearest(Clips.border(some.get(row), ClipData.SMALL));
        found.add(new Recognised(classes.get(0), classes.get(1), colour, seen.get(row).features()));
      }
    }
    return List.copyOf(found);
  }

  /** What the classifier thinks in when it sees these, which may be any 8 frames of 16 pixels. */
  double[][] features(List<float[]> clips) {
    return judge(clips).stream().map(Recognised::features).toArray(double[][]::new);
  }

  /**
   * The share of clips whose first and last frame, each shown by itself as a clip that stands
   * still, have the same subject for the classifier.
   */
  double constancy(List<float[]> clips) {
    List<float[]> ends = new ArrayList<>();
    for (float[] clip : clips) {
      ends.add(frozen(clip, 0));
      ends.add(frozen(clip, ClipData.KEYS - 1));
    }
    List<Recognised> found = judge(ends);
    int same = 0;
    for (int i = 0; i < ends.size(); i += 2) {
      same += found.get(i).subject == found.get(i + 1).subject ? 1 : 0;
    }
    return (double) same / clips.size();
  }

  private static float[] frozen(float[] clip, int frame) {
    float[] still = new float[CLIP];
    for (int i = 0; i < CLIP; i++) {
      still[i] = clip[frame * FRAME + i % FRAME];
    }
    return still;
  }

  /**
   * A clip of any level as the judge sees it: its key frames, each pixel the mean over its area.
   *
   * @param clip [frames, 3, size, size]
   */
  static float[] keys(float[] clip, int frames, int size) {
    int frame = 3 * size * size;
    int stride = frames / ClipData.KEYS;
    float[] keys = new float[ClipData.KEYS * frame];
    for (int key = 0; key < ClipData.KEYS; key++) {
      System.arraycopy(clip, key * stride * frame, keys, key * frame, frame);
    }
    return size == ClipData.SMALL ? keys : ClipData.shrunk(keys, size, size, size / ClipData.SMALL);
  }

  /** The grammar's colour nearest to one in [-1, 1]. */
  private int nearest(float[] colour) {
    List<Grammar.Background> colours = grammar.colours();
    double[] distances = new double[colours.size()];
    for (int i = 0; i < distances.length; i++) {
      for (int c = 0; c < 3; c++) {
        distances[i] += Math.pow((colour[c] + 1) * 127.5 - colours.get(i).rgb().get(c), 2);
      }
    }
    double least = Arrays.stream(distances).min().orElseThrow();
    return Arrays.stream(distances).boxed().toList().indexOf(least);
  }

  @Override
  public void close() {
    classifier.close();
  }
}
