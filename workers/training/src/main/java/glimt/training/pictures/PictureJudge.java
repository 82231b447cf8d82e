package glimt.training.pictures;

import glimt.bundle.Safetensors.Tensor;
import glimt.training.learning.Classifier;
import glimt.training.learning.Classifier.Classified;
import glimt.training.words.CaptionGrammar;
import java.util.ArrayList;
import java.util.List;

/** Recognises what pictures show with the bundle's classifier, and their background. */
final class PictureJudge implements AutoCloseable {
  /** The height and width that the classifier sees. */
  static final int SIDE = 64;

  private static final int TOGETHER = 32;

  /** A corner of the picture that shows only the background, in pixels. */
  private static final int CORNER = 6;

  /** The content of a picture as indices into the grammar, and its classifier features. */
  record SeenPicture(int subject, int colour, double[] features) {}

  private final Classifier classifier;
  private final CaptionGrammar grammar;

  /** Takes ownership of the classifier and closes it. */
  PictureJudge(Classifier classifier, CaptionGrammar grammar) {
    this.classifier = classifier;
    this.grammar = grammar;
  }

  /** Recognises pictures [3, 128, 128] from -1 to 1. */
  List<SeenPicture> judge(List<float[]> pictures) {
    List<SeenPicture> found = new ArrayList<>();
    int values = 3 * SIDE * SIDE;
    for (int from = 0; from < pictures.size(); from += TOGETHER) {
      List<float[]> some = pictures.subList(from, Math.min(pictures.size(), from + TOGETHER));
      float[] all = new float[some.size() * values];
      for (int row = 0; row < some.size(); row++) {
        System.arraycopy(seen(some.get(row)), 0, all, row * values, values);
      }
      List<Classified> named = classifier.see(Tensor.of(all, some.size(), 3, SIDE, SIDE));
      for (int row = 0; row < some.size(); row++) {
        Classified one = named.get(row);
        found.add(
            new SeenPicture(one.classes().getFirst(), nearest(some.get(row)), one.features()));
      }
    }
    return List.copyOf(found);
  }

  /** A picture as the classifier sees it: the means of 2 x 2 pixels. */
  static float[] seen(float[] picture) {
    float[] out = new float[3 * SIDE * SIDE];
    for (int i = 0; i < out.length; i++) {
      int plane = i / (SIDE * SIDE) * Portrait.SIDE * Portrait.SIDE;
      int at = plane + 2 * (i % (SIDE * SIDE) / SIDE) * Portrait.SIDE + 2 * (i % SIDE);
      out[i] =
          (picture[at]
                  + picture[at + 1]
                  + picture[at + Portrait.SIDE]
                  + picture[at + Portrait.SIDE + 1])
              / 4;
    }
    return out;
  }

  /** The colour of the grammar that is nearest to that of the picture's corners. */
  private int nearest(float[] picture) {
    double[] mean = new double[3];
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < CORNER * CORNER; i++) {
        int row = c * Portrait.SIDE * Portrait.SIDE + i / CORNER * Portrait.SIDE;
        mean[c] += picture[row + i % CORNER] / (2.0 * CORNER * CORNER);
        mean[c] += picture[row + Portrait.SIDE - 1 - i % CORNER] / (2.0 * CORNER * CORNER);
      }
    }
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int colour = 0; colour < grammar.colours().size(); colour++) {
      double distance = 0;
      for (int c = 0; c < 3; c++) {
        distance += Math.pow((mean[c] + 1) * 127.5 - grammar.colours().get(colour).rgb().get(c), 2);
      }
      if (distance < least) {
        least = distance;
        best = colour;
      }
    }
    return best;
  }

  /** The mean absolute difference between neighbouring pixels, which blur makes smaller. */
  static double edges(float[] picture) {
    double sum = 0;
    int side = Portrait.SIDE;
    for (int i = 0; i < picture.length; i++) {
      int x = i % side;
      int y = i / side % side;
      sum += x > 0 ? Math.abs(picture[i] - picture[i - 1]) : 0;
      sum += y > 0 ? Math.abs(picture[i] - picture[i - side]) : 0;
    }
    return sum / picture.length;
  }

  @Override
  public void close() {
    classifier.close();
  }
}
