package glimt.training.clips;

import glimt.bundle.Safetensors.Tensor;
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
import glimt.training.sprites.Sprites;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The dataset of scenes with animated sprites, as described by a recipe. */
public final class ClipMaterial implements Material {
  private static final Extent CARD = new Extent(512, 256, 64);
  private static final double MOST_NOISE = 0.1;

  private final String dataset;
  private final ClipRecipe recipe;
  private final @Nullable Renderer renderer;

  private ClipMaterial(String dataset, ClipRecipe recipe, @Nullable Renderer renderer) {
    this.dataset = dataset;
    this.recipe = recipe;
    this.renderer = renderer;
  }

  /**
   * Reads the dataset of a recipe.
   *
   * @param data the folder of the npm archives with the sprites; null if it is not available
   */
  public static ClipMaterial of(Recipe recipe, @Nullable Path data) {
    ClipRecipe clips = Recipe.part(recipe.data(), ClipRecipe.class);
    if (data == null) {
      return new ClipMaterial(recipe.dataset(), clips, null);
    }
    List<String> names = clips.grammar().subjects().stream().map(Grammar.Subject::clip).toList();
    return of(recipe, Sprites.read(data, names));
  }

  /** The dataset of a recipe with given sprites. */
  public static ClipMaterial of(Recipe recipe, Sprites sprites) {
    ClipRecipe clips = Recipe.part(recipe.data(), ClipRecipe.class);
    return new ClipMaterial(recipe.dataset(), clips, new Renderer(clips.grammar(), sprites));
  }

  Grammar grammar() {
    return recipe.grammar();
  }

  private Renderer renderer() {
    if (renderer == null) {
      throw Material.missing(dataset);
    }
    return renderer;
  }

  @Override
  public Optional<WordList> vocabulary() {
    return Optional.of(grammar().vocabulary());
  }

  @Override
  public Dataset dataset(NetworkRecipe network, Path sources, Path out) {
    return dataset(Recipe.part(network.data(), ClipData.LevelScenes.class), false);
  }

  ClipData dataset(ClipData.LevelScenes shown, boolean heldOut) {
    return new ClipData(grammar(), renderer(), shown, heldOut);
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
    Renderer drawing = renderer();
    return (size, random) -> labelled(drawing, size, random);
  }

  @Override
  public Extent extent() {
    return CARD;
  }

  @Override
  public Assessor<?, ?> assessor(Candidate candidate, Consumer<String> watch) {
    return new ClipAssessor(candidate, recipe, renderer, watch);
  }

  /**
   * Labelled key frames of any combination, including held-out ones. Half of the clips have slight
   * noise, because generated clips are not perfectly clean. One clip in eight is a repeated frame,
   * so that the classifier recognises a subject from a single frame.
   */
  private Classifier.Labelled labelled(Renderer drawing, int size, RandomGenerator random) {
    Grammar grammar = grammar();
    int still = grammar.motions().stream().map(Grammar.Motion::word).toList().indexOf("still");
    int frame = 3 * ClipData.SMALL * ClipData.SMALL;
    int values = ClipData.KEYS * frame;
    float[] x = new float[size * values];
    List<Integer> subjects = new ArrayList<>();
    List<Integer> motions = new ArrayList<>();
    List<Integer> colours = new ArrayList<>();
    for (int row = 0; row < size; row++) {
      Scene scene =
          grammar.scene(
              random.nextInt(grammar.subjects().size()),
              random.nextInt(grammar.motions().size()),
              random.nextInt(grammar.colours().size()),
              random);
      float[] clip = drawing.render(scene, 0, ClipData.STRIDE, ClipData.KEYS, ClipData.SMALL);
      boolean frozen = still >= 0 && random.nextInt(8) == 0;
      int shown = random.nextInt(ClipData.KEYS);
      double noise = random.nextBoolean() ? random.nextDouble(MOST_NOISE) : 0;
      for (int i = 0; i < values; i++) {
        float value = frozen ? clip[shown * frame + i % frame] : clip[i];
        x[row * values + i] = noise == 0 ? value : (float) (value + noise * random.nextGaussian());
      }
      subjects.add(scene.subject());
      motions.add(frozen ? still : scene.motion());
      colours.add(scene.colour());
    }
    return new Classifier.Labelled(
        Tensor.of(x, size, ClipData.KEYS, 3, ClipData.SMALL, ClipData.SMALL),
        List.of(subjects, motions, colours));
  }
}
