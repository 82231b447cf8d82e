package glimt.training.objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.model.WordList;
import glimt.points.KdOrder;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import java.util.List;
import java.util.Map;

/**
 * What the recipe of coloured objects says of its data.
 *
 * @param words how file names become captions
 * @param classifier how the network is trained that results are measured with
 * @param scale what one unit of each channel of a sample is worth, as the card says
 * @param offset what 0 of each channel is
 */
public record ObjectRecipe(
    ObjectWords words, ClassifierRecipe classifier, List<Double> scale, List<Double> offset) {
  public ObjectRecipe {
    scale = List.copyOf(scale);
    offset = List.copyOf(offset);
    if (scale.size() != KdOrder.CHANNELS || offset.size() != KdOrder.CHANNELS) {
      throw new TrainingException(
          "a card of coloured points needs a scale and an offset of %s values"
              .formatted(KdOrder.CHANNELS));
    }
  }

  private record Data(
      @JsonProperty(required = true) ObjectWords words,
      @JsonProperty(required = true) ClassifierRecipe classifier) {}

  /** The part of a recipe that describes its data. */
  public static ObjectRecipe of(Recipe recipe) {
    Data data = Recipe.part(recipe.data(), Data.class);
    return new ObjectRecipe(
        data.words, data.classifier, numbers(recipe, "scale"), numbers(recipe, "offset"));
  }

  private static List<Double> numbers(Recipe recipe, String name) {
    return List.of(Recipe.part(recipe.card().path(name), Double[].class));
  }

  /**
   * What the recipe of one network says of its data.
   *
   * @param level {@code base} or {@code dense}
   * @param repeats samples of a batch that share an object; each has noise of its own
   * @param residual units of the dense level's residuals, a channel each; empty at the base
   * @param jitter most noise on the parents that the dense level is trained with, a channel each:
   *     generated parents are not quite on the surface either
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
        throw new IllegalArgumentException("objects have levels base and dense, not " + level);
      }
      if (repeats < 1 || residual.size() != units || jitter.size() != units) {
        throw new IllegalArgumentException(
            "level %s needs repeats >= 1 and %s values of residual and jitter"
                .formatted(level, units));
      }
    }
  }

  /** What the classifier decides. */
  List<ClassifierHead> heads() {
    return List.of(new ClassifierHead("classes", words.classes().size()));
  }

  /** Sizes that the sources of the networks may name. */
  Map<String, Double> sizes() {
    WordList vocabulary = words.vocabulary();
    return Map.of(
        "vocabulary", vocabulary.words().size() + 1.0, "length", (double) vocabulary.length());
  }

  /** A cloud in the units of samples, in place. */
  float[] standardise(float[] cloud) {
    for (int i = 0; i < cloud.length; i++) {
      int channel = i % KdOrder.CHANNELS;
      cloud[i] = (float) ((cloud[i] - offset.get(channel)) / scale.get(channel));
    }
    return cloud;
  }

  /** A sample as positions in [-1, 1] and sRGB in [0, 1]. */
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
