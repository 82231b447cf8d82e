package glimt.training.objects;

import glimt.training.learning.Classifier;
import glimt.training.learning.Classifier.Classified;
import java.util.List;

/** Says what clouds show, by the bundle's classifier. */
final class ObjectJudge implements AutoCloseable {
  /** Clouds looked at together. */
  private static final int TOGETHER = 16;

  private final Classifier classifier;
  private final ObjectRecipe recipe;

  /** The classifier is the judge's to close. */
  ObjectJudge(Classifier classifier, ObjectRecipe recipe) {
    this.classifier = classifier;
    this.recipe = recipe;
  }

  /** The share whose class is found among all classes. */
  double right(List<Specimen> clouds) {
    var random = ObjectClouds.random(7);
    int right = 0;
    for (int from = 0; from < clouds.size(); from += TOGETHER) {
      List<Specimen> some = clouds.subList(from, Math.min(clouds.size(), from + TOGETHER));
      List<float[]> seen =
          some.stream().map(one -> recipe.standardise(one.coarse().clone())).toList();
      List<Classified> found = classifier.see(ObjectNames.seen(seen, random));
      for (int i = 0; i < found.size(); i++) {
        right += found.get(i).classes().getFirst() == some.get(i).ofClass() ? 1 : 0;
      }
    }
    return right / (double) clouds.size();
  }

  @Override
  public void close() {
    classifier.close();
  }
}
