package glimt.training.motions;

import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Classifier;
import glimt.training.learning.Classifier.Classified;
import glimt.training.words.CaptionGrammar;
import java.util.ArrayList;
import java.util.List;

/**
 * Recognises clips: their subject with the bundle's classifier in the first and in the last frame,
 * their motion and their background from pixels.
 */
final class MotionJudge implements AutoCloseable {
  private static final int TOGETHER = 32;

  /**
   * The content of a clip as indices into the grammar, and its classifier features.
   *
   * @param last the subject of the last frame
   */
  record NamedClip(int subject, int last, int colour, int motion, double[] features) {}

  private final Classifier classifier;
  private final CaptionGrammar grammar;
  private final KnownMotions motions;

  /** Takes ownership of the classifier and closes it. */
  MotionJudge(Classifier classifier, CaptionGrammar grammar) {
    this.classifier = classifier;
    this.grammar = grammar;
    this.motions = KnownMotions.of(grammar.motions());
  }

  List<NamedClip> judge(List<Sighting> clips) {
    List<Classified> first = subjects(clips.stream().map(Sighting::first).toList());
    List<Classified> last = subjects(clips.stream().map(Sighting::last).toList());
    List<NamedClip> found = new ArrayList<>();
    for (int i = 0; i < clips.size(); i++) {
      Tracked tracked = clips.get(i).tracked();
      found.add(
          new NamedClip(
              first.get(i).classes().getFirst(),
              last.get(i).classes().getFirst(),
              nearest(tracked.ground()),
              motions.of(tracked.journey()),
              first.get(i).features()));
    }
    return found;
  }

  private List<Classified> subjects(List<float[]> closeups) {
    List<Classified> found = new ArrayList<>();
    int values = 3 * Closeup.SIDE * Closeup.SIDE;
    for (int from = 0; from < closeups.size(); from += TOGETHER) {
      List<float[]> some = closeups.subList(from, Math.min(closeups.size(), from + TOGETHER));
      float[] all = new float[some.size() * values];
      for (int row = 0; row < some.size(); row++) {
        System.arraycopy(some.get(row), 0, all, row * values, values);
      }
      found.addAll(classifier.see(Tensor.of(all, some.size(), 3, Closeup.SIDE, Closeup.SIDE)));
    }
    return found;
  }

  /** The colour of the grammar that is nearest to a colour from -1 to 1. */
  private int nearest(float[] seen) {
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int colour = 0; colour < grammar.colours().size(); colour++) {
      double apart = 0;
      for (int c = 0; c < 3; c++) {
        apart += Math.pow((seen[c] + 1) * 127.5 - grammar.colours().get(colour).rgb().get(c), 2);
      }
      if (apart < least) {
        least = apart;
        best = colour;
      }
    }
    return best;
  }

  @Override
  public void close() {
    classifier.close();
  }
}
