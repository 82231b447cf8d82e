package glimt.training.evaluation;

import glimt.model.Vocabulary;
import glimt.training.learning.Classifier;
import glimt.training.learning.Dataset;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.util.List;

/** A kind of data, read and ready: what a recipe's {@code dataset} names. */
public interface Material {

  /** The words its captions are made of. */
  Vocabulary vocabulary();

  /** What a network of the recipe is shown. */
  Dataset dataset(NetworkRecipe network);

  /** How the network is trained that results are measured with. */
  Classifier.Training classifier();

  /** What it is to decide. */
  List<Classifier.Head> heads();

  /** What the classifier is shown. */
  Classifier.Examples examples();
}
