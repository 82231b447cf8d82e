package glimt.training.evaluation;

import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Tokenizer;
import glimt.model.BundleCard;
import glimt.model.PromptReader;
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
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * The subject of an evaluation: a bundle, or the networks that have been trained so far.
 *
 * @param recipe the recipe of the bundle
 * @param card its card
 * @param text reads a source by its file name
 * @param tensors reads weights by their file name
 * @param tokenizer opens the tokenizer of a reader
 */
public record Candidate(
    Recipe recipe,
    BundleCard card,
    Function<String, String> text,
    Function<String, Safetensors> tensors,
    Function<PromptReader, Tokenizer> tokenizer) {
  /** A whole bundle. */
  public static Candidate of(Bundle bundle) {
    return new Candidate(
        Recipe.parse(Recipe.FILE, bundle.text(Recipe.FILE)),
        bundle.card(),
        name -> bundle.text(Path.of(name).getFileName().toString()),
        bundle::tensors,
        bundle::tokenizer);
  }

  /**
   * A bundle in training, in which only some levels may have weights and the card has no digests.
   *
   * @param recipeFile the recipe, in the folder of the sources
   * @param folder the folder of the weights
   * @param vocabulary the vocabulary of the recipe's captions
   */
  public static Candidate unfinished(Path recipeFile, Path folder, Optional<WordList> vocabulary) {
    Recipe recipe = Recipe.read(recipeFile);
    return new Candidate(
        recipe,
        recipe.draft(vocabulary),
        name -> read(recipeFile.resolveSibling(name)),
        name -> Safetensors.read(folder.resolve(name)),
        reader -> {
          throw new TrainingException(
              "networks that read %s can only be measured as a bundle".formatted(reader));
        });
  }

  /** This candidate with its levels at a quality, as far as they support it. */
  public Candidate at(Quality quality) {
    return new Candidate(recipe, card.at(quality), text, tensors, tokenizer);
  }

  /**
   * This candidate with untrained networks.
   *
   * @param seed returns the seed of a network's weights
   */
  public Candidate untrained(ToLongFunction<NetworkRecipe> seed) {
    return new Candidate(
        recipe,
        card,
        text,
        file -> {
          String level = file.replaceFirst("\\.safetensors$", "");
          NetworkRecipe network = recipe.networks().get(level);
          if (network == null) {
            return tensors.apply(file);
          }
          Map<String, Double> sizes = new HashMap<>(network.sizes());
          if (card.reader() instanceof WordList words) {
            sizes.put("vocabulary", 1.0 + words.words().size());
            sizes.put("length", (double) words.length());
          }
          return Initial.weights(
              source(level), sizes, new SplittableRandom(seed.applyAsLong(network)));
        },
        tokenizer);
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

  /** Loads an encoder or decoder for one thread. The caller closes it. */
  public Network part(String name) {
    String file = name + ".py";
    return Network.of(
        card.name() + "/" + name,
        NetworkSource.parse(file, text.apply(file)),
        tensors.apply(name + ".safetensors"),
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

  /** Loads the classifier for evaluations. The caller closes it. */
  public Classifier classifier(ClassifierRecipe training, List<ClassifierHead> heads) {
    return new Classifier(
        NetworkSource.parse(training.source(), text.apply(training.source())),
        tensors.apply(Classifier.WEIGHTS),
        heads);
  }
}
