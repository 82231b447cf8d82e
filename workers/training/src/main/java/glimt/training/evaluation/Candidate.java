package glimt.training.evaluation;

import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.model.BundleCard;
import glimt.model.Quality;
import glimt.model.WordList;
import glimt.training.learning.Classifier;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.learning.Initial;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * What is measured: a bundle, or as many of its networks as are trained so far.
 *
 * @param recipe by which it is trained
 * @param card its card
 * @param text reads a source by its name
 * @param tensors reads weights by their name
 */
public record Candidate(
    Recipe recipe,
    BundleCard card,
    Function<String, String> text,
    Function<String, Safetensors> tensors) {
  /** A whole bundle. */
  public static Candidate of(Bundle bundle) {
    return new Candidate(
        Recipe.parse(Recipe.FILE, bundle.text(Recipe.FILE)),
        bundle.card(),
        name -> bundle.text(Path.of(name).getFileName().toString()),
        bundle::tensors);
  }

  /**
   * What training has put into a folder so far: only some levels have weights, and no card vouches
   * for them.
   *
   * @param recipeFile beside the sources
   * @param folder of the weights
   * @param vocabulary of the recipe's captions
   */
  public static Candidate unfinished(Path recipeFile, Path folder, WordList vocabulary) {
    Recipe recipe = Recipe.read(recipeFile);
    return new Candidate(
        recipe,
        recipe.draft(vocabulary),
        name -> read(recipeFile.resolveSibling(name)),
        name -> Safetensors.read(folder.resolve(name)));
  }

  /** The same, its levels made at this quality where they can be. */
  public Candidate at(Quality quality) {
    return new Candidate(recipe, card.at(quality), text, tensors);
  }

  /**
   * The same, its networks as they were before they learned anything.
   *
   * @param seed of a network's weights
   */
  public Candidate untrained(ToLongFunction<NetworkRecipe> seed) {
    return new Candidate(
        recipe,
        card,
        text,
        file -> {
          String level = file.replaceFirst("\\.safetensors$", "");
          NetworkRecipe network = trained(level);
          Map<String, Double> sizes = new HashMap<>(network.sizes());
          sizes.put("vocabulary", 1.0 + card.words().words().size());
          sizes.put("length", (double) card.words().length());
          return Initial.weights(
              source(level), sizes, new SplittableRandom(seed.applyAsLong(network)));
        });
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException broken) {
      throw new TrainingException("cannot read " + file + ": " + broken, broken);
    }
  }

  /** Loads the network of a level for one thread. The caller closes it. */
  public Network network(String level) {
    return Network.of(
        card.name() + "/" + level,
        source(level),
        tensors.apply(card.level(level).network() + ".safetensors"),
        Precision.ofThisProcessor());
  }

  private NetworkSource source(String level) {
    String name = trained(level).source();
    return NetworkSource.parse(name, text.apply(name));
  }

  private NetworkRecipe trained(String level) {
    NetworkRecipe trained = recipe.networks().get(level);
    if (trained == null) {
      throw new TrainingException("the recipe has no network " + level);
    }
    return trained;
  }

  /** Loads the network that results are measured with. The caller closes it. */
  public Classifier classifier(ClassifierRecipe training, List<ClassifierHead> heads) {
    return new Classifier(
        NetworkSource.parse(training.source(), text.apply(training.source())),
        tensors.apply(Classifier.WEIGHTS),
        heads);
  }
}
