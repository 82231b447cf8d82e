package glimt.training.objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.points.KdOrder;
import glimt.training.Classifier;
import java.util.List;

/**
 * What the recipe of coloured objects says of its data.
 *
 * @param words how file names become captions
 * @param scale what one unit of each channel of a sample is worth
 * @param offset what 0 of each channel is
 * @param classifier how the network is trained that results are measured with
 */
public record ObjectRecipe(
    @JsonProperty(required = true) ObjectWords words,
    @JsonProperty(required = true) List<Double> scale,
    @JsonProperty(required = true) List<Double> offset,
    @JsonProperty(required = true) Classifier.Training classifier) {
  public ObjectRecipe {
    scale = List.copyOf(scale);
    offset = List.copyOf(offset);
    if (scale.size() != KdOrder.CHANNELS || offset.size() != KdOrder.CHANNELS) {
      throw new IllegalArgumentException(
          "scale and offset need %d values each".formatted(KdOrder.CHANNELS));
    }
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
  public record Level(
      @JsonProperty(required = true) String level,
      @JsonProperty(required = true) int repeats,
      @JsonProperty(required = true) List<Double> residual,
      @JsonProperty(required = true) List<Double> jitter) {
    public Level {
      residual = List.copyOf(residual);
      jitter = List.copyOf(jitter);
      boolean dense = level.equals("dense");
      int units = dense ? KdOrder.CHANNELS : 0;
      if (!dense && !level.equals("base")) {
        throw new IllegalArgumentException("objects have levels base and dense, not " + level);
      }
      if (repeats < 1 || residual.size() != units || jitter.size() != units) {
        throw new IllegalArgumentException(
            "level %s needs repeats >= 1 and %d values of residual and jitter"
                .formatted(level, units));
      }
    }
  }

  /** A cloud in the units of samples, in place. */
  float[] standardise(float[] cloud) {
    for (int i = 0; i < cloud.length; i++) {
      int channel = i % KdOrder.CHANNELS;
      cloud[i] = (float) ((cloud[i] - offset.get(channel)) / scale.get(channel));
    }
    return cloud;
  }
}
