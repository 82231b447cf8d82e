package glimt.training;

import glimt.bundle.NetworkSource;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import glimt.model.BundleCard;
import glimt.model.Fast;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Quality;
import glimt.model.Sampling;
import glimt.model.WordList;
import glimt.training.evaluation.Material;
import glimt.training.learning.Classifier;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.learning.Dataset;
import glimt.training.learning.SampleSheet;
import glimt.training.learning.Trainer;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.Student;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Trains a bundle from a recipe and a folder of data. */
public final class Training {
  /** The file of the golden outputs of the bundle's networks. */
  public static final String GOLDEN = "golden.safetensors";

  private final Path recipeFile;
  private final Recipe recipe;
  private final @Nullable Path data;
  private final Path out;
  private final @Nullable Path from;

  /**
   * Reads the recipe.
   *
   * @param recipeFile the recipe, in the folder of its sources
   * @param data the folder of the raw data; null for the dataset shapes, which needs none
   * @param out the folder of the bundle, which may be that of the recipe
   * @throws TrainingException if the recipe cannot be read or is invalid
   */
  public Training(Path recipeFile, @Nullable Path data, Path out) {
    this(recipeFile, data, out, null);
  }

  /**
   * Reads the recipe of networks that go on from those of a finished bundle.
   *
   * @param recipeFile the recipe, in the folder of its sources
   * @param data the folder of the raw data; null for the dataset shapes, which needs none
   * @param out the folder of the bundle
   * @param from the folder of the bundle whose networks of the same names supply the initial
   *     weights; null for random ones
   * @throws TrainingException if the recipe cannot be read or is invalid, or {@code from} has no
   *     network of the recipe
   */
  public Training(Path recipeFile, @Nullable Path data, Path out, @Nullable Path from) {
    this.recipeFile = recipeFile;
    this.recipe = Recipe.read(recipeFile);
    this.data = data;
    this.out = out;
    this.from = from;
    if (from != null && recipe.networks().keySet().stream().allMatch(name -> start(name) == null)) {
      throw new TrainingException(
          "%s has the weights of no network of the recipe; it has %s"
              .formatted(from, recipe.networks().keySet()));
    }
  }

  /**
   * Trains the networks of the recipe one after the other, then the classifier, and assembles the
   * bundle when all weights exist.
   *
   * @param only the name of the only network to train, or {@code classifier}; null for all
   * @param resume whether to continue from existing checkpoints
   * @param watch receives progress messages
   * @param stop is called after each step; if it returns true, training saves a checkpoint and
   *     returns
   * @return whether training is complete; false if it was stopped
   * @throws TrainingException if training cannot start or continue
   */
  public boolean train(
      @Nullable String only, boolean resume, TrainingObserver watch, BooleanSupplier stop) {
    Set<String> all = new LinkedHashSet<>(recipe.networks().keySet());
    all.addAll(recipe.students().keySet());
    all.add("classifier");
    if (only != null && !all.contains(only)) {
      throw new TrainingException("the recipe has no network %s; it has %s".formatted(only, all));
    }
    Material material = Datasets.of(recipe, data);
    // The card is built first, so that an invalid one is reported before hours of training.
    BundleCard card = recipe.draft(vocabulary(material));
    List<Trainer> trainers = new ArrayList<>();
    recipe
        .networks()
        .forEach(
            (name, network) -> {
              if (only == null || only.equals(name)) {
                trainers.add(trainer(name, network, dataset(material, network), card));
              }
            });
    recipe
        .students()
        .forEach(
            (name, student) -> {
              if (only == null || only.equals(name)) {
                trainers.addAll(halvings(name, student, material, level(card, student)));
              }
            });
    for (Trainer trainer : trainers) {
      Path start = recipe.networks().containsKey(trainer.name()) ? start(trainer.name()) : null;
      if (start != null && !resume) {
        watch.done("%s starts from %s".formatted(trainer.name(), start));
      }
      if (!trainer.train(resume, progress -> watch.now(progress.toString()), stop)) {
        return false;
      }
      NetworkRecipe trained = recipe.networks().get(trainer.name());
      if (trained != null && trained.reconstruction() != null) {
        Assembly.takeApart(out, trainer.name());
      }
      watch.done(trainer.name() + " is trained");
    }
    boolean wanted =
        only == null
            ? !(resume && Files.exists(out.resolve(Classifier.WEIGHTS)))
            : only.equals("classifier");
    if (wanted && !classifier(material, resume, watch, stop)) {
      return false;
    }
    if (Files.exists(out.resolve(Classifier.WEIGHTS))
        && recipe.networks().keySet().stream()
            .allMatch(level -> Files.exists(out.resolve(level + ".safetensors")))) {
      Assembly.write(recipeFile, vocabulary(material), out);
      watch.done(out + " is complete");
    }
    return true;
  }

  private Dataset dataset(Material material, NetworkRecipe network) {
    return material.dataset(network, folder(recipeFile), out);
  }

  private Trainer trainer(String name, NetworkRecipe network, Dataset dataset, BundleCard card) {
    SampleSheet sheet =
        card.levels().stream()
            .filter(level -> level.network().equals(name))
            .findFirst()
            .map(level -> new SampleSheet(dataset, level))
            .orElse(null);
    return new Trainer(name, network, dataset, folder(recipeFile), out, null, start(name), sheet);
  }

  /** The file of the weights that a network starts from; null if they are random. */
  private @Nullable Path start(String network) {
    Path file = from == null ? null : from.resolve(network + ".safetensors");
    return file == null || !Files.exists(file) ? null : file;
  }

  /** The trainers of a student, one for each halving of its steps; each result teaches the next. */
  private List<Trainer> halvings(String name, Student student, Material material, Level level) {
    Sampling walk = level.sampling();
    NetworkRecipe taught =
        Objects.requireNonNull(recipe.networks().get(student.teacher()), "the recipe has it");
    Dataset dataset = dataset(material, taught);
    List<Trainer> halvings = new ArrayList<>();
    String teacher = student.teacher();
    GuidanceRule guidance = student.guidance(walk);
    for (int steps = student.from(walk) / 2; steps >= student.steps(); steps /= 2) {
      String halved = steps == student.steps() ? name : name + "-" + steps;
      halvings.add(
          new Trainer(
              halved,
              student.recipe(taught, steps),
              dataset,
              folder(recipeFile),
              out,
              new Trainer.Teacher(
                  out.resolve(teacher + ".safetensors"), guidance, student.levels(walk, 2 * steps)),
              null,
              new SampleSheet(dataset, quick(level, halved, student.sampling(walk, steps)))));
      teacher = halved;
      guidance = GuidanceRule.of(1);
    }
    return halvings;
  }

  private static Level quick(Level level, String network, Sampling sampling) {
    return level.with(new Fast(network, sampling)).at(Quality.FAST);
  }

  /** The level of a student's teacher. */
  static Level level(BundleCard card, Student student) {
    return card.levels().stream()
        .filter(level -> level.network().equals(student.teacher()))
        .findFirst()
        .orElseThrow(
            () ->
                new TrainingException(
                    "the card has no level with network %s, the teacher of a student"
                        .formatted(student.teacher())));
  }

  private static Optional<WordList> vocabulary(Material material) {
    try {
      return material.vocabulary();
    } catch (IllegalArgumentException wrong) {
      throw new TrainingException(
          "the vocabulary of the recipe is invalid: " + wrong.getMessage(), wrong);
    }
  }

  private boolean classifier(
      Material material, boolean resume, TrainingObserver watch, BooleanSupplier stop) {
    ClassifierRecipe training = material.classifier();
    Path file = folder(recipeFile).resolve(training.source());
    Path checkpoint = out.resolve("classifier.checkpoint");
    try {
      NetworkSource source = NetworkSource.parse(file.toString(), Files.readString(file));
      Optional<Safetensors> before =
          resume && Files.exists(checkpoint)
              ? Optional.of(Safetensors.read(checkpoint))
              : Optional.empty();
      Optional<Safetensors> weights =
          Classifier.train(
              training,
              source,
              material.heads(),
              material.examples(),
              watch::now,
              before,
              state -> {
                boolean stopped = stop.getAsBoolean();
                if (stopped) {
                  state.get().write(checkpoint);
                }
                return !stopped;
              });
      if (weights.isEmpty()) {
        return false;
      }
      weights.get().as(Dtype.BF16).write(out.resolve(Classifier.WEIGHTS));
      Files.deleteIfExists(checkpoint);
      watch.done("the classifier is trained");
      return true;
    } catch (IOException broken) {
      throw new TrainingException("cannot train the classifier: " + broken, broken);
    }
  }

  static Path folder(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(file + " has no parent folder");
    }
    return parent;
  }
}
