package glimt.training.objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.points.KdOrder;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import java.util.List;

/**
 * The data settings of a recipe for coloured objects.
 *
 * @param words derives captions from file names
 * @param classifier the training of the classifier for evaluations
 * @param scale the unit of each channel of a sample, as in the card
 * @param offset the value of each channel that corresponds to 0
 */
public record ObjectRecipe(
    ObjectWords words, ClassifierRecipe classifier, List<Double> scale, List<Double> offset) {
  public ObjectRecipe {
    scale = List.copyOf(scale);
    offset = List.copyOf(offset);
    if (scale.size() != KdOrder.CHANNELS || offset.size() != KdOrder.CHANNELS) {
      throw new TrainingException(
          "the card of coloured points needs a scale and an offset of %s values each"
              .formatted(KdOrder.CHANNELS));
    }
  }

  private record Data(
      @JsonProperty(required = true) ObjectWords words,
      @JsonProperty(required = true) ClassifierRecipe classifier) {}

  /** Reads the data settings of a recipe. */
  public static ObjectRecipe of(Recipe recipe) {
    Data data = Recipe.part(recipe.data(), Data.class);
    return new ObjectRecipe(
        data.words, data.classifier, numbers(recipe, "scale"), numbers(recipe, "offset"));
  }

  private static List<Double> numbers(Recipe recipe, String name) {
    return List.of(Recipe.part(recipe.card().path(name), Double[].class));
  }

  /**
   * The data settings of a level in the recipe.
   *
   * @param level {@code base} or {@code dense}
   * @param repeats the number of samples of a batch that share an object, each with its own noise
   * @param residual the units of the dense level's residuals for each channel; empty at the base
   * @param jitter the largest standard deviation, for each channel, of the noise on the parents in
   *     training the dense level, because generated parents are not exactly on the surface; empty
   *     at the base
   */
  public record LevelClouds(
      @JsonProperty(required = true) String level,
      @JsonProperty(required = true) int repeats,
      @JsonProperty(required = true) List<Double> residual,
      @JsonProperty(required = true) List<Double> jitter) {
    public LevelClouds {
      residual = List.copyOf(residual);
      jitter = List.copyOf(jitter);
      boolean dense = level.equals("dense");
      int units = dense ? KdOrder.CHANNELS : 0;
      if (!dense && !level.equals("base")) {
        throw new IllegalArgumentException("objects have the levels base and dense, not " + level);
      }
      if (repeats < 1 || residual.size() != units || jitter.size() != units) {
        throw new IllegalArgumentException(
            "level %s needs repeats of at least 1 and %s values of residual and jitter"
                .formatted(level, units));
      }
    }
  }

  /** The heads of the classifier. */
  List<ClassifierHead> heads() {
    return List.of(new ClassifierHead("classes", words.classes().size()));
  }

  /** Converts a cloud to standardised units, in place. */
  float[] standardise(float[] cloud) {
    for (int i = 0; i < cloud.length; i++) {
      int channel = i % KdOrder.CHANNELS;
      cloud[i] = (float) ((cloud[i] - offset.get(channel)) / scale.get(channel));
    }
    return cloud;
  }

  /** Converts a standardised sample to positions in [-1, 1] and sRGB in [0, 1]. */
  float[] open(float[] sample) {
    float[] open = sample.clone();
    for (int i = 0; i < open.length; i++) {
      int channel = i % KdOrder.CHANNELS;
      double value = open[i] * scale.get(channel) + offset.get(channel);
      open[i] = (float) (channel < 3 ? value : Math.clamp(value, 0, 1));
    }
    return open;
  }
}
