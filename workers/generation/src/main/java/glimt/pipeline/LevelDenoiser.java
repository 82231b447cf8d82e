package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.diffusion.Chain;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Guidance;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.ProjectedGuidance;
import glimt.diffusion.Spacing;
import glimt.diffusion.Thresholding;
import glimt.model.GuidanceRule;
import glimt.model.Level;
import glimt.model.Parametrisation;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Builds the denoiser D(x; sigma) of a level from its network, its parametrisation, its conditions
 * and its guidance. Serving, evaluation, contact sheets and distillation all use this class.
 *
 * @param network the level's network; the caller closes it
 * @param parametrisation the meaning of the network's output
 * @param schedule the schedule of noise levels, which also defines the network's time input
 */
public record LevelDenoiser(Network network, Parametrisation parametrisation, Schedule schedule) {
  /** The default settings of projected guidance (Sadat et al. 2024). */
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

    /** Conditions without an unconditional counterpart, for use without guidance. */
    public static Conditioning of(Map<String, NDArray> given) {
      return new Conditioning(given, Map.of());
    }

    /**
     * Conditions of a level whose prompt is a list of words. The unconditional input is padding
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

  /** The denoiser of a level with the sampling settings of its card. */
  public static Denoiser of(Level level, Network network, Conditioning conditions) {
    return new LevelDenoiser(network, level.parametrisation(), level.sampling().schedule())
        .guided(level.sampling().guidance(), conditions);
  }

  /** The noise levels of a walk, from the largest to 0. */
  public static NoiseSchedule levels(Sampling sampling) {
    int steps = sampling.steps();
    return switch (sampling.schedule()) {
      case Schedule.Karras(double min, double max, double rho) ->
          NoiseSchedule.karras(steps, min, max, rho);
      case Schedule.Exponential(double min, double max) ->
          NoiseSchedule.exponential(steps, min, max);
      case Schedule.Beta(double min, double max) -> NoiseSchedule.beta(steps, min, max);
      case Schedule.Discrete discrete -> levels(discrete, steps);
      case Schedule.Flow(double shift, _) -> {
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
          double t = 1 - (double) i / steps;
          times[i] = shift * t / (1 + (shift - 1) * t);
        }
        yield NoiseSchedule.flow(times);
      }
      case Schedule.Listed(List<Double> sigmas) ->
          NoiseSchedule.of(sigmas.stream().mapToDouble(Double::doubleValue).toArray());
    };
  }

  private static NoiseSchedule levels(Schedule.Discrete discrete, int steps) {
    Chain chain = chain(discrete);
    if (discrete.ramp() != null) {
      double low = chain.sigma(0);
      double high = chain.sigma(chain.length() - 1);
      return switch (discrete.ramp()) {
        case KARRAS -> NoiseSchedule.karras(steps, low, high, 7);
        case EXPONENTIAL -> NoiseSchedule.exponential(steps, low, high);
        case BETA -> NoiseSchedule.beta(steps, low, high);
      };
    }
    return switch (discrete.spacing()) {
      case LEADING -> chain.schedule(Spacing.leading(chain.length(), steps, discrete.offset()), 0);
      case TRAILING -> chain.schedule(Spacing.trailing(chain.length(), steps), 0);
      case LINSPACE -> chain.schedule(Spacing.linspace(chain.length(), steps));
    };
  }

  private static Chain chain(Schedule.Discrete discrete) {
    int length = discrete.length();
    Chain chain =
        switch (discrete.curve()) {
          case LINEAR -> Chain.linear(length, discrete.first(), discrete.last());
          case SCALED_LINEAR -> Chain.scaledLinear(length, discrete.first(), discrete.last());
          case SQUAREDCOS_CAP_V2 -> Chain.cosine(length, 0.999);
          case SIGMOID -> Chain.sigmoid(length, discrete.first(), discrete.last());
          case LAPLACE -> Chain.laplace(length, 0.999);
          case EXP -> Chain.exponential(length, 0.999);
        };
    return discrete.zeroTerminalSnr() ? chain.zeroTerminalSnr() : chain;
  }

  /** The transformation of the network's output into an estimate of the clean sample. */
  Preconditioning preconditioning() {
    double sigmaData = parametrisation.sigmaData();
    return switch (parametrisation.answer()) {
      case EDM -> Preconditioning.edm(sigmaData);
      case CONSISTENCY ->
          Preconditioning.consistency(sigmaData, lowest(), sigma -> Math.log(sigma) / 4);
      case EPSILON -> Preconditioning.epsilon(time());
      case SAMPLE -> Preconditioning.sample(time());
      case V -> Preconditioning.velocity(time());
      case FLOW -> Preconditioning.flow(time());
    };
  }

  /**
   * The smallest positive noise level of the schedule, at which a consistency network is the
   * identity.
   */
  private double lowest() {
    return switch (schedule) {
      case Schedule.Karras karras -> karras.sigmaMin();
      case Schedule.Exponential exponential -> exponential.sigmaMin();
      case Schedule.Beta beta -> beta.sigmaMin();
      case Schedule.Listed(List<Double> sigmas) ->
          sigmas.stream().mapToDouble(s -> s).filter(s -> s > 0).min().orElse(0);
      case Schedule.Discrete _, Schedule.Flow _ -> 0;
    };
  }

  /** Maps a noise level sigma to the network's time input. */
  private DoubleUnaryOperator time() {
    return switch (schedule) {
      case Schedule.Discrete discrete -> chain(discrete).time();
      case Schedule.Flow(_, double length) -> sigma -> length * sigma / (1 + sigma);
      case Schedule.Karras _, Schedule.Exponential _, Schedule.Beta _, Schedule.Listed _ ->
          sigma -> sigma / (1 + sigma);
    };
  }

  /**
   * The denoiser D(x; sigma) under guidance.
   *
   * @param conditions the conditions of the whole walk, owned by a manager that outlives it
   */
  public Denoiser guided(GuidanceRule rule, Conditioning conditions) {
    Denoiser conditional = denoiser(asked(conditions.given()));
    if (!rule.guides()) {
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

  /**
   * Evaluates both predictions in one batched call if their conditions have the same shapes,
   * otherwise in two calls.
   */
  private Prediction mixed(Guidance guidance, Conditioning conditions) {
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
    Denoiser plain = preconditioning().denoiser(prediction);
    return switch (parametrisation.thresholds()) {
      case Thresholds.Open _ -> plain;
      case Thresholds.Clamp(double range) -> plain.then(Thresholding.clamped(range));
      case Thresholds.Dynamic(double quantile, double most) ->
          plain.then(Thresholding.dynamic(quantile, most));
    };
  }
}
