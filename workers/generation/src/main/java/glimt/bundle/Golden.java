package glimt.bundle;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Encoder;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.WordList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * The output of each level's network for fixed inputs, kept with a bundle so that a worker can
 * verify that its machine, library and precision compute the network correctly.
 *
 * <p>The inputs are x_i = sin(0.37 i), below_i = cos(0.11 i) / 2, c_noise = 0.1 and the first words
 * of the vocabulary, or what the level's encoder says of its first tokens. Of each output, 64
 * evenly spaced values are kept.
 */
public final class Golden {
  private static final int KEPT = 64;
  private static final int TOKENS = 8;

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
    Shape shape = new Shape(shape(level));
    int size = Math.toIntExact(shape.size());
    float[] x = new float[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) Math.sin(0.37 * i);
    }
    try (Network network = bundle.network(level, precision);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      Map<String, NDArray> conditioning = new LinkedHashMap<>();
      for (Port port : level.ports()) {
        conditioning.put(
            port.name(),
            switch (port.feed()) {
              case PROMPT -> words(bundle.card().words(), scope);
              case ENCODER -> encoded(bundle, port, precision, scope);
              case BELOW, BELOW_KEPT -> below(belowShape(bundle.card(), level, shape), scope);
              default ->
                  throw new BundleException(
                      "level %s: no golden input is known for port %s"
                          .formatted(level.name(), port.name()));
            });
      }
      float[] all =
          network
              .forward(scope.create(x, shape), scope.full(new Shape(1), 0.1f), conditioning)
              .toFloatArray();
      float[] kept = new float[KEPT];
      for (int i = 0; i < KEPT; i++) {
        kept[i] = all[(int) ((long) i * all.length / KEPT)];
      }
      return kept;
    }
  }

  private static NDArray words(WordList reader, NDManager scope) {
    long[] words = new long[reader.length()];
    for (int i = 0; i < Math.min(4, words.length); i++) {
      words[i] = 1L + i % reader.words().size();
    }
    return scope.create(words, new Shape(1, words.length));
  }

  private static NDArray below(Shape shape, NDManager scope) {
    float[] under = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < under.length; i++) {
      under[i] = (float) (Math.cos(0.11 * i) / 2);
    }
    return scope.create(under, shape);
  }

  /** What the encoder of a port says of eight tokens, 1 to 8. */
  private static NDArray encoded(Bundle bundle, Port port, Precision precision, NDManager scope) {
    Encoder encoder = bundle.card().encoder(requireNonNull(port.encoder()));
    long[] tokens = LongStream.rangeClosed(1, TOKENS).toArray();
    Device device = Engine.getEngine("PyTorch").defaultDevice();
    try (Network network = bundle.network(encoder.network(), precision, device)) {
      NDList answers =
          network.call(
              Map.of(
                  "tokens", scope.create(tokens, new Shape(1, TOKENS)),
                  "mask", scope.ones(new Shape(1, TOKENS), DataType.INT64)));
      return answers.get(encoder.outputs().indexOf(port.output()));
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
   * The shape of one sample of the level's window, with a batch axis of 1; images have their
   * channels before height and width, video after the frames, points last.
   */
  private static long[] shape(Level level) {
    List<Long> shape = new ArrayList<>(List.of(1L));
    for (Axis axis : level.axes()) {
      shape.add((long) axis.window());
    }
    int channels =
        switch (level.axes().size()) {
          case 3 -> 2;
          case 2 -> 1;
          default -> shape.size();
        };
    shape.add(channels, (long) level.channels());
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
