package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.diffusion.Preconditioning;
import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.model.WordList;
import glimt.pipeline.LevelDenoiser.Conditioning;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What was made of a prompt, and of the one that stands for no prompt: by the port that it feeds.
 *
 * @param given the conditional inputs by port
 * @param withheld the unconditional inputs by port; only for ports whose unconditional input comes
 *     from an empty or negative prompt
 */
public record Prompted(
    Map<Port, Function<NDManager, NDArray>> given,
    Map<Port, Function<NDManager, NDArray>> withheld) {
  /** What a published refiner is told of how well people like a picture, and of one they do not. */
  private static final float HIGH_SCORE = 6;

  private static final float LOW_SCORE = 2.5f;

  public Prompted {
    given = Map.copyOf(given);
    withheld = Map.copyOf(withheld);
  }

  /** The token ids of a prompt for every port of a level that receives the prompt directly. */
  public static Prompted words(Level level, WordList words, String prompt) {
    Map<Port, Function<NDManager, NDArray>> given = new LinkedHashMap<>();
    Map<Port, Function<NDManager, NDArray>> withheld = new LinkedHashMap<>();
    for (Port port : level.ports()) {
      if (port.feed() == Port.PortSource.PROMPT) {
        given.put(port, TokenIds.of(words, prompt)::ids);
        withheld.put(port, TokenIds.of(words, "")::ids);
      }
    }
    return new Prompted(given, withheld);
  }

  /**
   * What a level's network is fed.
   *
   * @param level at its size
   * @param sampling how it is walked: whether it is asked without conditions too, and the guidance
   *     that a network may be told
   * @param below gives the enlarged level below
   * @throws IllegalArgumentException if nothing feeds a port
   */
  public Conditioning conditions(
      NDManager manager, Level level, Sampling sampling, Supplier<NDArray> below) {
    Map<String, NDArray> all = new LinkedHashMap<>();
    Map<String, NDArray> none = new LinkedHashMap<>();
    for (Port port : level.ports()) {
      NDArray array =
          switch (port.feed()) {
            case BELOW, BELOW_KEPT, BELOW_BY_CORNERS -> below.get();
            case BELOW_NOISE ->
                manager.create(new float[] {(float) LevelWalk.belowTime(level)}, new Shape(1));
            case BELOW_SIGNAL ->
                manager.create(
                    new float[] {(float) Preconditioning.signal(level.belowNoise())}, new Shape(1));
            case GUIDANCE ->
                manager.create(
                    new float[] {(float) (sampling.guidance().weight() - 1)}, new Shape(1));
            case SIZES -> sizes(manager, level);
            case SCORED_SIZES -> scored(manager, level, HIGH_SCORE);
            case PLACES -> places(manager, level, Objects.requireNonNull(port.places()));
            case PROMPT, ENCODER, PICTURE_LATENTS, PICTURE_STATES ->
                read(given, port, manager, level);
          };
      all.merge(port.name(), array, Prompted::joined);
      if (sampling.guided()) {
        NDArray other =
            switch (port.unconditional()) {
              case SAME -> array;
              case ZEROS -> array.zerosLike();
              case DROP -> array.get(":, 0:0");
              case EMPTY_PROMPT, NEGATIVE_PROMPT -> read(withheld, port, manager, level);
              case NEGATIVE_PROMPT_OR_ZEROS ->
                  withheld.containsKey(port)
                      ? read(withheld, port, manager, level)
                      : array.zerosLike();
              case LOW_SCORE -> scored(manager, level, LOW_SCORE);
            };
        none.merge(port.name(), other, Prompted::joined);
      }
    }
    return new Conditioning(all, none);
  }

  /** What several encoders feed one port. */
  private static NDArray joined(NDArray first, NDArray second) {
    return first.concat(second, -1);
  }

  private static NDArray read(
      Map<Port, Function<NDManager, NDArray>> fed, Port port, NDManager manager, Level level) {
    Function<NDManager, NDArray> feed = fed.get(port);
    if (feed == null) {
      throw new IllegalArgumentException(
          "nothing feeds port %s of level %s".formatted(port.name(), level.name()));
    }
    return feed.apply(manager);
  }

  /** Where the positions of a window lie, the first window of the level's sample. */
  private static NDArray places(NDManager manager, Level level, Port.Places places) {
    List<Integer> extents = level.axes().stream().map(Axis::window).toList();
    int count = extents.stream().reduce(1, Math::multiplyExact);
    float[] values = new float[extents.size() * count];
    int inner = count;
    for (int axis = 0; axis < extents.size(); axis++) {
      inner /= extents.get(axis);
      for (int i = 0; i < count; i++) {
        values[axis * count + i] = (float) places.at(axis, i / inner % extents.get(axis));
      }
    }
    return manager.create(values, new Shape(1, extents.size(), count));
  }

  private static NDArray sizes(NDManager manager, Level level) {
    List<Integer> seen = level.seen();
    float height = seen.get(seen.size() - 2);
    float width = seen.getLast();
    return manager.create(new float[] {height, width, 0, 0, height, width}, new Shape(1, 6));
  }

  private static NDArray scored(NDManager manager, Level level, float score) {
    List<Integer> seen = level.seen();
    float height = seen.get(seen.size() - 2);
    float width = seen.getLast();
    return manager.create(new float[] {height, width, 0, 0, score}, new Shape(1, 5));
  }
}
