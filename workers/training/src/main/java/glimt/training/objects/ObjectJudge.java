package glimt.training.objects;

import glimt.training.learning.Classifier;
import glimt.training.learning.Classifier.Classified;
import java.util.List;

/** Classifies clouds with the bundle's classifier. */
final class ObjectJudge implements AutoCloseable {
  /** The number of clouds per network call. */
  private static final int TOGETHER = 16;

  private final Classifier classifier;
  private final ObjectRecipe recipe;

  /** Takes ownership of the classifier and closes it. */
  ObjectJudge(Classifier classifier, ObjectRecipe recipe) {
    this.classifier = classifier;
    this.recipe = recipe;
  }

  /** The fraction of clouds that are assigned to their own class. */
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
