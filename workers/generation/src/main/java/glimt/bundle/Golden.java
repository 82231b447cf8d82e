package glimt.bundle;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.model.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The output of each level's network for fixed inputs, kept with a bundle so that a worker can
 * verify that its machine, library and precision compute the network correctly.
 *
 * <p>The inputs are x_i = sin(0.37 i), below_i = cos(0.11 i) / 2, c_noise = 0.1 and the first words
 * of the vocabulary. Of each output, 64 evenly spaced values are kept.
 */
public final class Golden {
  private static final int KEPT = 64;

  private Golden() {}

  /** The outputs of all levels in float32, of shape [64], by the name of the level. */
  public static Safetensors of(Bundle bundle) {
    Map<String, Tensor> answers = new LinkedHashMap<>();
    for (Level level : bundle.card().levels()) {
      answers.put(level.name(), Tensor.of(answer(bundle, level, Precision.FLOAT32), KEPT));
    }
    return new Safetensors(answers);
  }

  /** The output of a level's network for the fixed inputs, 64 values. */
  public static float[] answer(Bundle bundle, Level level, Precision precision) {
    boolean base = level.equals(bundle.card().levels().getFirst());
    Shape shape = new Shape(shape(level));
    int length = bundle.card().words().length();
    int known = bundle.card().words().words().size();
    long[] words = new long[length];
    for (int i = 0; i < Math.min(4, length); i++) {
      words[i] = 1L + i % known;
    }
    int size = Math.toIntExact(shape.size());
    float[] x = new float[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) Math.sin(0.37 * i);
    }
    Shape belowShape = belowShape(bundle.card(), level, shape);
    float[] under = new float[Math.toIntExact(belowShape.size())];
    for (int i = 0; i < under.length; i++) {
      under[i] = (float) (Math.cos(0.11 * i) / 2);
    }
    try (Network network = bundle.network(level.name(), precision);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray below = base ? null : scope.create(under, belowShape);
      float[] all =
          network
              .forward(
                  scope.create(x, shape),
                  scope.full(new Shape(1), 0.1f),
                  Network.conditioning(scope.create(words, new Shape(1, length)), below))
              .toFloatArray();
      float[] kept = new float[KEPT];
      for (int i = 0; i < KEPT; i++) {
        kept[i] = all[(int) ((long) i * all.length / KEPT)];
      }
      return kept;
    }
  }

  /**
   * The shape of the lower level's input: a video network receives it enlarged to its own shape, a
   * point network receives all of its points.
   */
  private static Shape belowShape(BundleCard card, Level level, Shape shape) {
    int index = card.levels().indexOf(level);
    if (card.kind() == Kind.VIDEO || index == 0) {
      return shape;
    }
    Level below = card.levels().get(index - 1);
    return new Shape(1, below.axis("points").extent(), below.channels());
  }

  /**
   * The shape of one sample of the level's window, with a batch axis of 1; video has its channels
   * after the frames.
   */
  private static long[] shape(Level level) {
    List<Long> shape = new ArrayList<>(List.of(1L));
    for (Axis axis : level.axes()) {
      shape.add((long) axis.window());
    }
    shape.add(level.axes().size() == 3 ? 2 : shape.size(), (long) level.channels());
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
