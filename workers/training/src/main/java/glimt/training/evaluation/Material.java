package glimt.training.evaluation;

import glimt.model.WordList;
import glimt.training.learning.Classifier;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.learning.Dataset;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A dataset as described by a recipe: the training samples and the assessment of results. Without
 * the raw data, training is impossible and evaluations omit figures that need real samples.
 */
public interface Material {

  /** The vocabulary of the captions; empty if the card describes a reader of its own. */
  Optional<WordList> vocabulary();

  /**
   * The training samples of a network of the recipe.
   *
   * @param sources the folder of the recipe and its sources
   * @param out the folder of the weights that were trained before, which some samples need
   * @throws TrainingException if the raw data is not available
   */
  Dataset dataset(NetworkRecipe network, Path sources, Path out);

  /** The training settings of the classifier for evaluations. */
  ClassifierRecipe classifier();

  /** The heads of the classifier. */
  List<ClassifierHead> heads();

  /**
   * The training samples of the classifier.
   *
   * @throws TrainingException if the raw data is not available
   */
  Classifier.Examples examples();

  /** The numbers of samples in the evaluation for a bundle's card. */
  Extent extent();

  /**
   * Creates the assessor of results.
   *
   * @param candidate the candidate, which supplies the classifier
   * @param watch receives progress messages
   */
  Assessor<?, ?> assessor(Candidate candidate, Consumer<String> watch);

  /** The exception for missing raw data. */
  static TrainingException missing(String dataset) {
    return new TrainingException(
        "the dataset %s needs a folder of raw data; name it with --data".formatted(dataset));
  }
}
