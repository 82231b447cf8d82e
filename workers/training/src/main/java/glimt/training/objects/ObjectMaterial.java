package glimt.training.objects;

import glimt.model.WordList;
import glimt.training.evaluation.Assessor;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Extent;
import glimt.training.evaluation.Material;
import glimt.training.learning.Classifier;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.learning.Dataset;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.words.CaptionEncoder;
import glimt.training.words.CaptionLexicon;
import glimt.training.words.MiniLm;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The dataset of coloured objects, as described by a recipe. */
public final class ObjectMaterial implements Material {
  /** The number of clouds of each kind in the evaluation for a card. */
  private static final int CARD = 256;

  private final Recipe whole;
  private final ObjectRecipe recipe;
  private final @Nullable ObjectClouds objects;
  private final @Nullable Path data;

  private ObjectMaterial(
      Recipe whole, ObjectRecipe recipe, @Nullable ObjectClouds objects, @Nullable Path data) {
    this.data = data;
    this.whole = whole;
    this.recipe = recipe;
    this.objects = objects;
  }

  /**
   * Reads the dataset of a recipe.
   *
   * @param data the folder of {@code objects4096.npz} and {@code objects.json}; null if it is not
   *     available
   */
  public static ObjectMaterial of(Recipe recipe, @Nullable Path data) {
    ObjectRecipe objects = ObjectRecipe.of(recipe);
    return new ObjectMaterial(
        recipe, objects, data == null ? null : new ObjectClouds(data, objects.words()), data);
  }

  private ObjectClouds objects() {
    if (objects == null) {
      throw Material.missing(whole.dataset());
    }
    return objects;
  }

  @Override
  public Optional<WordList> vocabulary() {
    return Optional.empty();
  }

  @Override
  public Dataset dataset(NetworkRecipe network, Path sources, Path out) {
    return new ObjectBatches(
        objects(),
        recipe,
        Recipe.part(network.data(), ObjectRecipe.LevelClouds.class),
        () -> captions(sources, out));
  }

  private ObjectCaptions captions(Path sources, Path out) {
    try (CaptionEncoder text = CaptionEncoder.of(sources, MiniLm.weights(sources, data, out))) {
      CaptionLexicon.write(whole.draft(vocabulary()), ObjectLexicon.of(recipe.words()), text, out);
      return ObjectCaptions.of(objects(), text);
    }
  }

  @Override
  public ClassifierRecipe classifier() {
    return recipe.classifier();
  }

  @Override
  public List<ClassifierHead> heads() {
    return recipe.heads();
  }

  @Override
  public Classifier.Examples examples() {
    return new ObjectNames(objects(), recipe);
  }

  /** The numbers of clouds; upper levels are measured on all held-out objects instead. */
  @Override
  public Extent extent() {
    return new Extent(CARD, CARD, CARD);
  }

  @Override
  public Assessor<?, ?> assessor(Candidate candidate, Consumer<String> watch) {
    return new ObjectAssessor(candidate, recipe, objects, watch);
  }
}
