package glimt.training.objects;

import static glimt.points.KdOrder.CHANNELS;

import glimt.bundle.Safetensors.Tensor;
import glimt.model.WordList;
import glimt.points.KdOrder;
import glimt.points.PointLevels;
import glimt.training.learning.Dataset;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** The training samples of the networks of the bundle {@code objects}. */
public final class ObjectBatches implements Dataset {
  /** The number of points of a network's input. */
  static final int WINDOW = 1024;

  private final ObjectRecipe recipe;
  private final ObjectRecipe.LevelClouds level;
  private final ObjectVariations variations;
  private final WordList vocabulary;

  /**
   * Creates the dataset of a level.
   *
   * @param level the data settings of the level
   */
  public ObjectBatches(ObjectClouds objects, ObjectRecipe recipe, ObjectRecipe.LevelClouds level) {
    this.recipe = recipe;
    this.level = level;
    this.variations = new ObjectVariations(objects);
    this.vocabulary = recipe.words().vocabulary();
  }

  @Override
  public Map<String, Double> sizes() {
    return recipe.sizes();
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    int values = WINDOW * CHANNELS;
    boolean dense = level.level().equals("dense");
    float[] x = new float[size * values];
    float[] below = new float[dense ? size * values : 0];
    long[] words = new long[size * vocabulary.length()];
    for (int first = 0; first < size; first += level.repeats()) {
      CaptionedCloud object = variations.draw(random);
      List<Integer> tokens = vocabulary.read(String.join(" ", object.words())).tokens();
      float[] children = PointLevels.children(recipe.standardise(object.cloud()));
      float[] parents = PointLevels.parents(children);
      for (int i = first; i < Math.min(size, first + level.repeats()); i++) {
        if (dense) {
          int start = random.nextInt(children.length / values) * WINDOW;
          PointLevels levels = PointLevels.withParents(jittered(parents, random), children);
          residual(levels, start, x, i * values);
          System.arraycopy(PointLevels.below(levels.base(), start), 0, below, i * values, values);
        } else {
          System.arraycopy(KdOrder.sorted(parents), 0, x, i * values, values);
        }
        for (int j = 0; j < tokens.size(); j++) {
          words[i * tokens.size() + j] = tokens.get(j);
        }
      }
    }
    Tensor said = Tensor.of(words, size, vocabulary.length());
    return new Batch(
        Tensor.of(x, size, WINDOW, CHANNELS),
        said,
        dense ? Tensor.of(below, size, WINDOW, CHANNELS) : null);
  }

  private void residual(PointLevels levels, int start, float[] x, int at) {
    for (int i = 0; i < WINDOW * CHANNELS; i++) {
      double unit = level.residual().get(i % CHANNELS);
      x[at + i] = (float) (levels.residual()[start * CHANNELS + i] / unit);
    }
  }

  /** Adds noise of random strength to the parents. */
  private float[] jittered(float[] parents, RandomGenerator random) {
    double positions = random.nextDouble();
    double colours = random.nextDouble();
    float[] jittered = parents.clone();
    for (int i = 0; i < jittered.length; i++) {
      int channel = i % CHANNELS;
      double strength = level.jitter().get(channel) * (channel < 3 ? positions : colours);
      jittered[i] += (float) (strength * random.nextGaussian());
    }
    return jittered;
  }
}
