package glimt.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * Clips that the field packs into tokens [B, frames * height * width, channels] before it calls a
 * network, which in glimt takes the clip and where its tokens are.
 */
final class TokenClips {
  private static final String PLACES = "video_coords";

  /** The extents of what a place is a fraction of, where the field counts tokens alone. */
  private static final float[] WHOLE = {20, 2048, 2048};

  private TokenClips() {}

  /**
   * Makes a clip of tokens, and finds their places if none were given. Without extents they are a
   * single row: a network that is told all places sees no difference.
   *
   * @param arguments num_frames, height, width and rope_interpolation_scale of the recorded call
   */
  static void lay(
      Map<String, NDArray> inputs, List<String> ports, JsonNode arguments, NDManager scope) {
    if (!ports.contains(PLACES)) {
      return;
    }
    NDArray tokens = java.util.Objects.requireNonNull(inputs.get("x"));
    Shape shape = tokens.getShape();
    long frames = arguments.path("num_frames").asLong(1);
    long height = arguments.path("height").asLong(1);
    long width = arguments.path("width").asLong(shape.get(1));
    inputs.put(
        "x",
        tokens.reshape(shape.get(0), frames, height, width, shape.get(2)).transpose(0, 1, 4, 2, 3));
    if (!inputs.containsKey(PLACES)) {
      inputs.put(PLACES, places(arguments, shape.get(0), frames, height, width, scope));
    }
  }

  private static NDArray places(
      JsonNode arguments, long batch, long frames, long height, long width, NDManager scope) {
    JsonNode scale = arguments.path("rope_interpolation_scale");
    float[] step = new float[3];
    for (int axis = 0; axis < 3; axis++) {
      step[axis] = (float) scale.path(axis).asDouble(WHOLE[axis]);
    }
    Shape grid = new Shape(1, frames, height, width);
    NDArray t = scope.arange((float) frames).mul(step[0]).reshape(1, frames, 1, 1);
    NDArray y = scope.arange((float) height).mul(step[1]).reshape(1, 1, height, 1);
    NDArray x = scope.arange((float) width).mul(step[2]).reshape(1, 1, 1, width);
    return t.broadcast(grid)
        .concat(y.broadcast(grid), 0)
        .concat(x.broadcast(grid), 0)
        .reshape(1, 3, frames * height * width)
        .broadcast(new Shape(batch, 3, frames * height * width));
  }

  /** The tokens of a clip [B, frames, channels, height, width]. */
  static NDArray tokens(NDArray clip) {
    Shape shape = clip.getShape();
    return clip.transpose(0, 1, 3, 4, 2)
        .reshape(shape.get(0), shape.get(1) * shape.get(3) * shape.get(4), shape.get(2));
  }
}
