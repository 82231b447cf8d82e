package glimt.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Bundle;
import glimt.bundle.Golden;
import glimt.bundle.NetworkSource;
import glimt.bundle.Safetensors.Dtype;
import glimt.job.BundleCard;
import glimt.job.Level;
import glimt.job.Vocabulary;
import glimt.training.clips.ClipMaterial;
import glimt.training.objects.ObjectMaterial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** From a recipe and a folder of data to a bundle. */
public final class Training {
  public static final String RECIPE = "recipe.json";
  public static final String CLASSIFIER = "classifier.safetensors";
  public static final String GOLDEN = "golden.safetensors";

  private final Path recipeFile;
  private final Recipe recipe;
  private final Path data;
  private final Path out;

  /**
   * @param recipeFile beside the sources it names
   * @param data folder of the raw data
   * @param out the bundle's folder; may be the recipe's own
   */
  public Training(Path recipeFile, Path data, Path out) {
    this.recipeFile = recipeFile;
    this.recipe = Recipe.read(recipeFile);
    this.data = data;
    this.out = out;
  }

  /**
   * Trains the recipe's networks one after the other, then the classifier, and puts the bundle
   * together when none is missing.
   *
   * @param only the one network to train, {@code classifier} included; null for all
   * @param resume go on from the checkpoints there are
   * @param watch sees how far it is, and what is done
   * @param stop asked after each step; true keeps the state and returns
   * @return whether all that was asked for is trained
   */
  public boolean train(@Nullable String only, boolean resume, Watch watch, BooleanSupplier stop) {
    if (only != null && !only.equals("classifier") && !recipe.networks().containsKey(only)) {
      throw new TrainingException(
          "the recipe has no network %s; it has %s and classifier"
              .formatted(only, recipe.networks().keySet()));
    }
    Material material = material(recipe, data);
    draft(recipe, vocabulary(material)); // a wrong card is better heard of before than after
    for (String level : recipe.networks().keySet()) {
      if (only == null || only.equals(level)) {
        Recipe.NetworkRecipe network = recipe.networks().get(level);
        Trainer trainer =
            new Trainer(level, network, material.dataset(network), folder(recipeFile), out);
        if (!trainer.train(resume, progress -> watch.now(progress.toString()), stop)) {
          return false;
        }
        watch.done(level + " is trained");
      }
    }
    if (only == null || only.equals("classifier")) {
      classifier(material, watch);
    }
    if (Files.exists(out.resolve(CLASSIFIER))
        && recipe.networks().keySet().stream()
            .allMatch(level -> Files.exists(out.resolve(level + ".safetensors")))) {
      assemble(recipeFile, vocabulary(material), out);
      watch.done(out + " is complete");
    }
    return true;
  }

  /** Reads what the recipe calls for. */
  public static Material material(Recipe recipe, Path data) {
    return switch (recipe.dataset()) {
      case "clips" -> ClipMaterial.read(recipe, data);
      case "objects" -> ObjectMaterial.read(recipe, data);
      default ->
          throw new TrainingException(
              "there is no dataset '%s'; there are clips, objects".formatted(recipe.dataset()));
    };
  }

  private static Vocabulary vocabulary(Material material) {
    try {
      return material.vocabulary();
    } catch (IllegalArgumentException wrong) {
      throw new TrainingException("the recipe's words: " + wrong.getMessage(), wrong);
    }
  }

  /** The card as far as the recipe and its words tell it: without the digests of files. */
  private static BundleCard draft(Recipe recipe, Vocabulary vocabulary) {
    ObjectNode card = recipe.card().deepCopy();
    card.put("name", recipe.bundle());
    card.set("vocabulary", Bundle.JSON.valueToTree(vocabulary));
    card.putObject("files");
    return Recipe.part(card, BundleCard.class);
  }

  private void classifier(Material material, Watch watch) {
    Classifier.Training training = material.classifier();
    Path file = folder(recipeFile).resolve(training.source());
    try {
      NetworkSource source = NetworkSource.parse(file.toString(), Files.readString(file));
      Classifier.train(training, source, material.heads(), material.examples(), watch::now)
          .as(Dtype.BF16)
          .write(out.resolve(CLASSIFIER));
      watch.done("the classifier is trained");
    } catch (IOException broken) {
      throw new TrainingException("cannot train the classifier: " + broken, broken);
    }
  }

  /**
   * Writes the card: what the recipe says of the bundle, the vocabulary, golden outputs, and the
   * digest of every file.
   */
  public static void assemble(Path recipeFile, Vocabulary vocabulary, Path out) {
    Recipe recipe = Recipe.read(recipeFile);
    BundleCard draft = draft(recipe, vocabulary);
    try {
      Set<String> files = new LinkedHashSet<>(List.of(RECIPE, "classifier.py", CLASSIFIER));
      for (Level level : draft.levels()) {
        files.add(level.network() + ".py");
        files.add(level.network() + ".safetensors");
      }
      for (String name : files) {
        Path source = name.equals(RECIPE) ? recipeFile : folder(recipeFile).resolve(name);
        if (!Files.exists(out.resolve(name))
            || (Files.exists(source)
                && !Files.isSameFile(source, out.resolve(name))
                && !name.endsWith(".safetensors"))) {
          Files.copy(source, out.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
      }
      Bundle.write(out, with(draft, digests(out, files)));
      Golden.of(Bundle.open(out)).write(out.resolve(GOLDEN));
      files.add(GOLDEN);
      if (Files.exists(out.resolve(Evaluation.SHEET))) {
        files.add(Evaluation.SHEET);
      }
      Bundle.write(out, with(draft, digests(out, files)));
    } catch (IOException broken) {
      throw new TrainingException("cannot put " + out + " together: " + broken, broken);
    }
  }

  private static BundleCard with(BundleCard card, Map<String, String> files) {
    return new BundleCard(
        card.name(),
        card.kind(),
        card.summary(),
        card.licence(),
        card.vocabulary(),
        card.fps(),
        card.scale(),
        card.offset(),
        card.levels(),
        files,
        card.notes());
  }

  private static Map<String, String> digests(Path folder, Set<String> names) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    for (String name : names) {
      digests.put(name, Bundle.sha256(Files.readAllBytes(folder.resolve(name))));
    }
    return digests;
  }

  private static Path folder(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(file + " lies in no folder");
    }
    return parent;
  }
}
