package glimt.training.clips;

import glimt.bundle.Safetensors.Tensor;
import glimt.job.Vocabulary;
import glimt.training.Classifier;
import glimt.training.Dataset;
import glimt.training.Material;
import glimt.training.Recipe;
import glimt.training.Recipe.NetworkRecipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Scenes of animated sprites, as a recipe describes them. */
public final class ClipMaterial implements Material {
  private final ClipRecipe recipe;
  private final Renderer renderer;

  private ClipMaterial(ClipRecipe recipe, Renderer renderer) {
    this.recipe = recipe;
    this.renderer = renderer;
  }

  /**
   * @param data folder of the npm archives that hold the clips
   */
  public static ClipMaterial read(Recipe recipe, Path data) {
    Grammar grammar = Recipe.part(recipe.data(), ClipRecipe.class).grammar();
    return of(
        recipe,
        Sprites.read(data, grammar.subjects().stream().map(Grammar.Subject::clip).toList()));
  }

  /** Scenes of sprites at hand. */
  public static ClipMaterial of(Recipe recipe, Sprites sprites) {
    ClipRecipe clips = Recipe.part(recipe.data(), ClipRecipe.class);
    return new ClipMaterial(clips, new Renderer(clips.grammar(), sprites));
  }

  Grammar grammar() {
    return recipe.grammar();
  }

  Renderer renderer() {
    return renderer;
  }

  @Override
  public Vocabulary vocabulary() {
    return grammar().vocabulary();
  }

  @Override
  public Dataset dataset(NetworkRecipe network) {
    return dataset(Recipe.part(network.data(), ClipData.Shown.class), false);
  }

  ClipData dataset(ClipData.Shown shown, boolean heldOut) {
    return new ClipData(grammar(), renderer, shown, heldOut);
  }

  @Override
  public Classifier.Training classifier() {
    return recipe.classifier();
  }

  @Override
  public List<Classifier.Head> heads() {
    return recipe.heads();
  }

  /** Every combination, held out or not, in the light noise of a sampled clip. */
  @Override
  public Classifier.Examples examples() {
    return (size, random) -> labelled(size, random, random.nextDouble(0.15));
  }

  /** Key frames and the subjects in them, as seen through noise. */
  Classifier.Labelled labelled(int size, RandomGenerator random, double noise) {
    Grammar grammar = grammar();
    int values = ClipData.KEYS * 3 * ClipData.SMALL * ClipData.SMALL;
    float[] x = new float[size * values];
    List<Integer> classes = new ArrayList<>();
    for (int row = 0; row < size; row++) {
      Scene scene =
          grammar.scene(
              random.nextInt(grammar.subjects().size()),
              random.nextInt(grammar.motions().size()),
              random.nextInt(grammar.colours().size()),
              random);
      float[] clip = renderer.render(scene, 0, ClipData.STRIDE, ClipData.KEYS, ClipData.SMALL);
      for (int i = 0; i < values; i++) {
        x[row * values + i] = (float) (clip[i] + noise * random.nextGaussian());
      }
      classes.add(scene.subject());
    }
    return Classifier.Labelled.of(
        Tensor.of(x, size, ClipData.KEYS, 3, ClipData.SMALL, ClipData.SMALL), classes);
  }
}
