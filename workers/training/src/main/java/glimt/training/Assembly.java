package glimt.training;

import glimt.bundle.Bundle;
import glimt.bundle.Golden;
import glimt.bundle.NetworkSource;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.BundleCard;
import glimt.model.BytePair;
import glimt.model.ClassNames;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Fast;
import glimt.model.Level;
import glimt.model.NoPrompt;
import glimt.model.PromptReader;
import glimt.model.Unigram;
import glimt.model.WordList;
import glimt.model.WordPiece;
import glimt.training.learning.Classifier;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Assembles a bundle from trained weights, sources and the recipe. */
final class Assembly {
  private static final String CLASSIFIER_SOURCE = "classifier.py";

  private Assembly() {}

  /**
   * Copies the files into the bundle's folder and writes its golden outputs and its card: the card
   * of the recipe, the vocabulary and the digest of every file.
   */
  static void write(Path recipeFile, Optional<WordList> vocabulary, Path out) {
    Recipe recipe = Recipe.read(recipeFile);
    BundleCard draft = quickened(recipe.draft(vocabulary), recipe, out);
    try {
      Set<String> files =
          new LinkedHashSet<>(List.of(Recipe.FILE, CLASSIFIER_SOURCE, Classifier.WEIGHTS));
      for (Level level : draft.levels()) {
        files.addAll(network(level.network()));
        Codec codec = level.codec();
        if (codec != null) {
          files.addAll(network(codec.network()));
        }
        Fast fast = level.fast();
        if (fast != null) {
          files.add(fast.network() + ".safetensors");
        }
      }
      for (Encoder encoder : draft.encoders()) {
        files.addAll(network(encoder.network()));
        files.addAll(readerFiles(encoder.reader()));
        files.addAll(encoder.lexiconFiles());
      }
      for (String name : files) {
        Path source = name.equals(Recipe.FILE) ? recipeFile : source(recipe, recipeFile, name);
        if (!Files.exists(out.resolve(name))
            || (Files.exists(source)
                && !Files.isSameFile(source, out.resolve(name))
                && !name.endsWith(".safetensors"))) {
          Files.copy(source, out.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
      }
      Bundle.write(out, draft.with(digests(out, files), draft.notes()));
      Golden.of(Bundle.open(out)).write(out.resolve(Training.GOLDEN));
      files.add(Training.GOLDEN);
      if (Files.exists(out.resolve(Evaluation.SHEET))) {
        files.add(Evaluation.SHEET);
      }
      Bundle.write(out, draft.with(digests(out, files), draft.notes()));
    } catch (IOException broken) {
      throw new TrainingException("cannot assemble the bundle in " + out + ": " + broken, broken);
    }
  }

  private static List<String> network(String name) {
    return List.of(name + ".py", name + ".safetensors");
  }

  private static List<String> readerFiles(PromptReader reader) {
    return switch (reader) {
      case BytePair pairs -> pairs.files();
      case Unigram pieces -> pieces.files();
      case WordPiece pieces -> pieces.files();
      case WordList _, ClassNames _, NoPrompt _ -> List.of();
    };
  }

  /**
   * Writes the parts of a trained autoencoder, such as {@code encoder.safetensors} and {@code
   * decoder.safetensors}: each attribute of its root is the only one of a network of its own.
   */
  static void takeApart(Path out, String name) {
    Map<String, Map<String, Tensor>> parts = new TreeMap<>();
    Safetensors.read(out.resolve(name + ".safetensors"))
        .tensors()
        .forEach(
            (path, tensor) -> {
              String part = path.substring(0, path.indexOf('.'));
              parts.computeIfAbsent(part, _ -> new TreeMap<>()).put(path, tensor);
            });
    parts.forEach(
        (part, tensors) -> new Safetensors(tensors).write(out.resolve(part + ".safetensors")));
  }

  /** The path from which a file of the bundle is copied; the recipe gives the paths of sources. */
  private static Path source(Recipe recipe, Path recipeFile, String name) {
    Path folder = Training.folder(recipeFile);
    if (name.equals(CLASSIFIER_SOURCE)) {
      String said = recipe.data().path("classifier").path("source").asText(name);
      return folder.resolve(said);
    }
    NetworkRecipe network = recipe.networks().get(name.replaceFirst("\\.py$", ""));
    return folder.resolve(network == null || !name.endsWith(".py") ? name : network.source());
  }

  private static Map<String, String> digests(Path folder, Set<String> names) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    for (String name : names) {
      digests.put(name, Bundle.sha256(Files.readAllBytes(folder.resolve(name))));
      if (name.endsWith(".py")) {
        String text = Files.readString(folder.resolve(name));
        digests.putAll(NetworkSource.parse(name, text).pins());
      }
    }
    return digests;
  }

  /** Adds the trained students to the card as the fast networks of their levels. */
  private static BundleCard quickened(BundleCard card, Recipe recipe, Path out) {
    Map<String, Fast> fast = new HashMap<>();
    recipe
        .students()
        .forEach(
            (name, student) -> {
              if (Files.exists(out.resolve(name + ".safetensors"))) {
                fast.put(
                    student.teacher(),
                    student.fast(name, Training.level(card, student).sampling()));
              }
            });
    List<Level> levels =
        card.levels().stream()
            .map(level -> level.with(fast.getOrDefault(level.network(), level.fast())))
            .toList();
    return card.with(levels);
  }
}
