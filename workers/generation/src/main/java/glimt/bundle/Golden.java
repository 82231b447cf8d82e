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
 * What each network of a bundle answers to fixed inputs, so that another machine, library or
 * precision can be told from a broken one.
 *
 * <p>The inputs are x_i = sin(0.37 i), below_i = cos(0.11 i) / 2, c_noise = 0.1 and the first words
 * of the vocabulary; of the answer, 64 values spread evenly over it are kept.
 */
public final class Golden {
  private static final int KEPT = 64;

  private Golden() {}

  /** The answers of all levels in 32 bits, [64] by the level's name. */
  public static Safetensors of(Bundle bundle) {
    Map<String, Tensor> answers = new LinkedHashMap<>();
    for (Level level : bundle.card().levels()) {
      answers.put(level.name(), Tensor.of(answer(bundle, level, Precision.FLOAT32), KEPT));
    }
    return new Safetensors(answers);
  }

  /** What a level's network answers to the fixed inputs, 64 values. */
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

  /** A network of frames sees as much of the level below as of its own, one of points all of it. */
  private static Shape belowShape(BundleCard card, Level level, Shape shape) {
    int index = card.levels().indexOf(level);
    if (card.kind() == Kind.VIDEO || index == 0) {
      return shape;
    }
    Level below = card.levels().get(index - 1);
    return new Shape(1, below.axis("points").extent(), below.channels());
  }

  /** One row of what the level's network takes; video puts the channels after the frames. */
  private static long[] shape(Level level) {
    List<Long> shape = new ArrayList<>(List.of(1L));
    for (Axis axis : level.axes()) {
      shape.add((long) axis.window());
    }
    shape.add(level.axes().size() == 3 ? 2 : shape.size(), (long) level.channels());
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
