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
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Parametrisation;
import glimt.model.Sampling;
import glimt.model.Thresholds;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The one way to denoise: a network, what its answers mean, what conditions it and how it is guided
 * become D(x; sigma). Serving, evaluation, contact sheets and distillation share it.
 *
 * @param network the level's network; it stays the caller's
 * @param parametrisation what its answers mean
 * @param sampling how it is walked
 */
public record LevelDenoiser(Network network, Parametrisation parametrisation, Sampling sampling) {
  /** The meaning of projected guidance that its paper gives. */
  private static final GuidanceRule.Projection PAPER = new GuidanceRule.Projection(0, -0.5, 0);

  /**
   * What a network is fed.
   *
   * @param given by port, [B, …]
   * @param withheld what it is fed instead when it is asked without conditions, by the same ports;
   *     empty where nobody asks so
   */
  public record Conditions(Map<String, NDArray> given, Map<String, NDArray> withheld) {
    public Conditions {
      given = Map.copyOf(given);
      withheld = Map.copyOf(withheld);
    }

    /** Conditions that nothing is guided by. */
    public static Conditions of(Map<String, NDArray> given) {
      return new Conditions(given, Map.of());
    }

    /**
     * What conditions a level that is steered by words: without them it hears padding alone.
     *
     * @param words token ids, int64 [B, length]
     * @param below the enlarged level below, a row each, or null at a base
     */
    public static Conditions ofWords(NDArray words, @Nullable NDArray below) {
      return new Conditions(
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

    /** Both, the given first, for a network that is asked once for both. */
    private Map<String, NDArray> both() {
      Map<String, NDArray> both = new LinkedHashMap<>();
      given.forEach(
          (port, array) -> both.put(port, NDArrays.concat(new NDList(array, withheld.get(port)))));
      return both;
    }
  }

  /** The denoiser of a level as its card says that it is sampled. */
  public static Denoiser of(Level level, Network network, Conditions conditions) {
    return new LevelDenoiser(network, level.parametrisation(), level.sampling()).guided(conditions);
  }

  /**
   * D(x; sigma) under guidance.
   *
   * @param conditions for the whole walk, in a scope that outlives it
   */
  public Denoiser guided(Conditions conditions) {
    GuidanceRule rule = sampling.guidance();
    Denoiser conditional = denoiser(asked(conditions.given()));
    if (!sampling.guided()) {
      return conditional;
    }
    Denoiser guided =
        switch (rule.mixing()) {
          case PLAIN, ZERO_STAR -> denoiser(mixed(mixing(rule), conditions));
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

  /** One call for both answers where their conditions have one shape, else two. */
  private Prediction mixed(Guidance guidance, Conditions conditions) {
    if (conditions.sameShapes()) {
      return guidance.batched(asked(conditions.both()));
    }
    Prediction given = asked(conditions.given());
    Prediction withheld = asked(conditions.withheld());
    return (input, noise) ->
        guidance.guide(given.predict(input, noise), withheld.predict(input, noise));
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
