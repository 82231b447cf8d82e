package glimt.training.objects;

import static glimt.points.KdOrder.CHANNELS;

import glimt.bundle.Safetensors.Tensor;
import glimt.points.KdOrder;
import glimt.points.PointLevels;
import glimt.training.learning.Classifier.Examples;
import glimt.training.learning.Classifier.Labelled;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The training samples of the classifier: random points of the base level in any order, with slight
 * noise, because points of generated clouds are never exactly on the surface.
 */
final class ObjectNames implements Examples {
  /** The number of points of the classifier's input. */
  static final int SEEN = 512;

  private static final double MOST_NOISE = 0.15;

  private final ObjectRecipe recipe;
  private final ObjectVariations variations;

  ObjectNames(ObjectClouds objects, ObjectRecipe recipe) {
    this.recipe = recipe;
    this.variations = new ObjectVariations(objects);
  }

  @Override
  public Labelled batch(int size, RandomGenerator random) {
    List<float[]> bases = new ArrayList<>();
    List<Integer> classes = new ArrayList<>();
    for (int row = 0; row < size; row++) {
      CaptionedCloud object = variations.draw(random);
      float[] base = PointLevels.of(recipe.standardise(object.cloud())).base();
      double noise = random.nextDouble(MOST_NOISE);
      for (int i = 0; i < base.length; i++) {
        base[i] += (float) (noise * random.nextGaussian());
      }
      bases.add(base);
      classes.add(object.ofClass());
    }
    return Labelled.of(seen(bases, random), classes);
  }

  /**
   * Selects the classifier's input from bases.
   *
   * @param bases {@code [1024, 6]} each, standardised
   * @return [B, 512, 6], points chosen at random
   */
  static Tensor seen(List<float[]> bases, RandomGenerator random) {
    float[] all = new float[bases.size() * SEEN * CHANNELS];
    for (int row = 0; row < bases.size(); row++) {
      int[] some =
          random.ints(0, bases.get(row).length / CHANNELS).distinct().limit(SEEN).toArray();
      float[] points = KdOrder.gather(bases.get(row), some, CHANNELS);
      System.arraycopy(points, 0, all, row * points.length, points.length);
    }
    return Tensor.of(all, bases.size(), SEEN, CHANNELS);
  }
}
