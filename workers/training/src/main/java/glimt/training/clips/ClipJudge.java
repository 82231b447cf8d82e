package glimt.training.clips;

import glimt.bundle.Safetensors.Tensor;
import glimt.metrics.Clips;
import glimt.training.learning.Classifier;
import glimt.training.learning.Classifier.Classified;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Recognises the content of small clips: subject and motion with the bundle's classifier, the
 * background colour from pixels. Clips are [8, 3, 16, 16] in [-1, 1].
 */
final class ClipJudge implements AutoCloseable {
  /** The number of clips per network call. */
  private static final int TOGETHER = 64;

  private static final int FRAME = 3 * ClipData.SMALL * ClipData.SMALL;
  private static final int CLIP = ClipData.KEYS * FRAME;

  /** The content of a clip as indices into the grammar, and its classifier features. */
  record Recognised(int subject, int motion, int colour, double[] features) {}

  private final Classifier classifier;
  private final Grammar grammar;

  /** Takes ownership of the classifier and closes it. */
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

  /** The classifier features of clips, or of any patches of 8 frames of 16 x 16 pixels. */
  double[][] features(List<float[]> clips) {
    return judge(clips).stream().map(Recognised::features).toArray(double[][]::new);
  }

  /**
   * The fraction of clips for which the classifier recognises the same subject in the first and the
   * last frame, each of which is repeated to form a still clip.
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
   * Reduces a clip of any level to the input of the classifier: its key frames, averaged to 16 x 16
   * pixels.
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

  /** The index of the grammar's colour nearest to a colour in [-1, 1]. */
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
