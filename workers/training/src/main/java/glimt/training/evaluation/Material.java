package glimt.training.evaluation;

import glimt.model.WordList;
import glimt.training.learning.Classifier;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.learning.Dataset;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.util.List;
import java.util.function.Consumer;

/**
 * A kind of data, as a recipe describes it: what networks learn from it, and how their results are
 * judged. Without the raw data nothing can be learned from it, and what needs real samples is left
 * out of a judgement.
 */
public interface Material {

  /** The words its captions are made of. */
  WordList vocabulary();

  /**
   * What a network of the recipe is shown.
   *
   * @throws TrainingException if the raw data is not at hand
   */
  Dataset dataset(NetworkRecipe network);

  /** How the network is trained that results are measured with. */
  ClassifierRecipe classifier();

  /** What it is to decide. */
  List<ClassifierHead> heads();

  /**
   * What the classifier is shown.
   *
   * @throws TrainingException if the raw data is not at hand
   */
  Classifier.Examples examples();

  /** How much is made to measure a bundle for its card. */
  Extent extent();

  /**
   * How results are judged.
   *
   * @param candidate whose classifier is used
   * @param watch sees a line now and then
   */
  Assessor<?, ?> assessor(Candidate candidate, Consumer<String> watch);

  /** The complaint that raw data is missing. */
  static TrainingException missing(String dataset) {
    return new TrainingException(
        "the dataset %s is read from a folder: name it with --data".formatted(dataset));
  }
}
