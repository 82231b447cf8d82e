package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Guidance;
import glimt.diffusion.Prediction;
import glimt.diffusion.ProjectedGuidance;
import glimt.diffusion.Thresholding;
import glimt.model.Expert;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Parametrisation;
import glimt.model.Sampling;
import glimt.model.Thresholds;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Builds the denoiser D(x; sigma) of a level from its network, its parametrisation, its conditions
 * and its guidance. Serving, evaluation, contact sheets and distillation all use this class.
 *
 * @param network the level's network; it stays the caller's
 * @param parametrisation what its answers mean
 * @param sampling how it is walked
 * @param expert tells below which timestep guidance has another weight; null if it has one weight
 */
public record LevelDenoiser(
    Network network, Parametrisation parametrisation, Sampling sampling, @Nullable Expert expert) {
  /** A denoiser whose guidance has one weight. */
  public LevelDenoiser(Network network, Parametrisation parametrisation, Sampling sampling) {
    this(network, parametrisation, sampling, null);
  }

  /**
   * The denoiser of a level that is walked so: where a job's guidance is the card's, that of the
   * level's expert is too.
   */
  static LevelDenoiser of(Level level, Network network, Sampling sampling) {
    boolean usual = sampling.guidance().equals(level.sampling().guidance());
    return new LevelDenoiser(
        network, level.parametrisation(), sampling, usual ? level.expert() : null);
  }

  /** The meaning of projected guidance that its paper gives. */
  private static final GuidanceRule.Projection PAPER = new GuidanceRule.Projection(0, -0.5, 0);

  /**
   * The conditioning inputs of a network.
   *
   * @param given the conditions by port, each of shape [B, …]
   * @param withheld the inputs of the same ports for the unconditional evaluation; empty if there
   *     is no guidance
   */
  public record Conditioning(Map<String, NDArray> given, Map<String, NDArray> withheld) {
    public Conditioning {
      given = Map.copyOf(given);
      withheld = Map.copyOf(withheld);
    }

    /** Conditioning without an unconditional counterpart, for use without guidance. */
    public static Conditioning of(Map<String, NDArray> given) {
      return new Conditioning(given, Map.of());
    }

    /**
     * Conditioning of a level whose prompt is a list of words. The unconditional input is padding
     * only.
     *
     * @param words token ids, int64 [B, length]
     * @param below the enlarged level below, [B, …], or null at the base
     */
    public static Conditioning ofWords(NDArray words, @Nullable NDArray below) {
      return new Conditioning(
          Network.conditioning(words, below), Network.conditioning(words.zerosLike(), below));
    }

    private boolean sameShapes() {
      return given.entrySet().stream()
          .allMatch(
              port -> port.getValue().getShape().equals(shapeOf(withheld.get(port.getKey()))));
    }

    private static Shape shapeOf(@Nullable NDArray array) {
      return array == null ? new Shape() : array.getShape();
    }

    /**
     * Both inputs concatenated along the batch axis, the given ones first, for a single evaluation.
     */
    private Map<String, NDArray> both() {
      Map<String, NDArray> both = new LinkedHashMap<>();
      given.forEach(
          (port, array) -> both.put(port, NDArrays.concat(new NDList(array, withheld.get(port)))));
      return both;
    }
  }

  /** The denoiser of a level as its card says that it is sampled. */
  public static Denoiser of(Level level, Network network, Conditioning conditions) {
    return new LevelDenoiser(network, level.parametrisation(), level.sampling()).guided(conditions);
  }

  /**
   * The denoiser D(x; sigma) under guidance.
   *
   * @param conditions the conditions of the whole walk, owned by a manager that outlives it
   */
  public Denoiser guided(Conditioning conditions) {
    GuidanceRule rule = sampling.guidance();
    Denoiser conditional = denoiser(asked(conditions.given()));
    if (!sampling.guided()) {
      return conditional;
    }
    Denoiser guided =
        switch (rule.mixing()) {
          case PLAIN, ZERO_STAR, TOLD -> denoiser(mixed(conditions));
          case DENOISED -> mixing(rule).of(conditional, denoiser(asked(conditions.withheld())));
          case PROJECTED -> {
            GuidanceRule.Projection settings =
                rule.projection() == null ? PAPER : rule.projection();
            yield new ProjectedGuidance(
                    rule.weight(), settings.eta(), settings.momentum(), settings.radius())
                .of(conditional, denoiser(asked(conditions.withheld())));
          }
        };
    GuidanceRule.Interval interval = rule.interval();
    return interval == null ? guided : guided.within(interval.low(), interval.high(), conditional);
  }

  private static Guidance mixing(GuidanceRule rule) {
    Guidance plain = Guidance.scale(rule.weight());
    Guidance mixing = rule.mixing() == GuidanceRule.Mixing.ZERO_STAR ? plain.zeroStar() : plain;
    return rule.rescale() == 0 ? mixing : mixing.rescaled(rule.rescale());
  }

  /**
   * Evaluates both predictions in one batched call if their conditions have the same shapes,
   * otherwise in two calls.
   */
  private Prediction mixed(Conditioning conditions) {
    if (conditions.sameShapes()) {
      Prediction both = asked(conditions.both());
      return (input, noise) -> beside(mixing(noise), input).batched(both).predict(input, noise);
    }
    Prediction given = asked(conditions.given());
    Prediction withheld = asked(conditions.withheld());
    return (input, noise) ->
        beside(mixing(noise), input)
            .guide(given.predict(input, noise), withheld.predict(input, noise));
  }

  /** The guidance at a timestep. */
  private Guidance mixing(double timestep) {
    GuidanceRule rule = sampling.guidance();
    return expert == null || expert.guidance() == null || timestep >= expert.below()
        ? mixing(rule)
        : mixing(rule.weighing(expert.guidance()));
  }

  /**
   * Guidance of an answer that may hold a learned variance in as many further channels, which stays
   * the conditional one (Nichol and Dhariwal 2021).
   */
  private static Guidance beside(Guidance guidance, NDArray input) {
    int channels = Math.toIntExact(input.getShape().get(1));
    return (given, withheld) ->
        (given.getShape().get(1) == 2L * channels ? guidance.onChannels(channels) : guidance)
            .guide(given, withheld);
  }

  private Prediction asked(Map<String, NDArray> ports) {
    return (input, noise) -> {
      NDManager scope = input.getManager();
      NDArray levels =
          scope.full(new Shape(input.getShape().get(0)), (float) noise, DataType.FLOAT32);
      return network.forward(input, levels, ports);
    };
  }

  private Denoiser denoiser(Prediction prediction) {
    Denoiser plain = LevelWalk.of(parametrisation, sampling).denoiser(prediction);
    return switch (parametrisation.thresholds()) {
      case Thresholds.Open _ -> plain;
      case Thresholds.Clamp(double range) -> plain.then(Thresholding.clamped(range));
      case Thresholds.Dynamic(double quantile, double most) ->
          plain.then(Thresholding.dynamic(quantile, most));
    };
  }
}
