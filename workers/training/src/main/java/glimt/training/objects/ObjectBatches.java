package glimt.training.objects;

import static glimt.points.KdOrder.CHANNELS;

import glimt.bundle.Safetensors.Tensor;
import glimt.points.KdOrder;
import glimt.points.PointLevels;
import glimt.training.learning.Dataset;
import glimt.training.words.CaptionEncoder;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** The training samples of the networks of the bundle {@code objects}. */
public final class ObjectBatches implements Dataset {
  /** The number of points of a network's input. */
  static final int WINDOW = 1024;

  private final ObjectRecipe recipe;
  private final ObjectRecipe.LevelClouds level;
  private final ObjectVariations variations;
  private final Supplier<ObjectCaptions> preparing;
  private Optional<ObjectCaptions> prepared = Optional.empty();

  /**
   * Creates the dataset of a level.
   *
   * @param level the data settings of the level
   * @param preparing encodes the captions; it is called once
   */
  ObjectBatches(
      ObjectClouds objects,
      ObjectRecipe recipe,
      ObjectRecipe.LevelClouds level,
      Supplier<ObjectCaptions> preparing) {
    this.recipe = recipe;
    this.level = level;
    this.variations = new ObjectVariations(objects);
    this.preparing = preparing;
  }

  @Override
  public Map<String, Double> sizes() {
    return Map.of();
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    int values = WINDOW * CHANNELS;
    boolean dense = level.level().equals("dense");
    float[] x = new float[size * values];
    float[] below = new float[dense ? size * values : 0];
    ObjectCaptions captions = prepared.orElseGet(preparing);
    prepared = Optional.of(captions);
    int[] said = new int[size];
    for (int first = 0; first < size; first += level.repeats()) {
      CaptionedCloud object = variations.draw(random);
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
        said[i] = captions.draw(object, random);
      }
    }
    return new Batch(
        Tensor.of(x, size, WINDOW, CHANNELS),
        Tensor.of(captions.states(said, random), size, CaptionEncoder.LENGTH, CaptionEncoder.WIDTH),
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
