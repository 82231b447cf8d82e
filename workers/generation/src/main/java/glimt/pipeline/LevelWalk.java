package glimt.pipeline;

import glimt.diffusion.Chain;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Sampler;
import glimt.diffusion.Samplers;
import glimt.diffusion.Spacing;
import glimt.diffusion.WalkRecipe;
import glimt.diffusion.diffusers.PublishedWalk;
import glimt.model.Level;
import glimt.model.Parametrisation;
import glimt.model.Sampling;
import glimt.model.Schedule;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;

/** The walk that a card or a job asks for, and what a network that answers so is told along it. */
public final class LevelWalk {
  private LevelWalk() {}

  /** The names that a card or a job may give its sampler. */
  public static List<String> samplers() {
    return Stream.concat(Samplers.names().stream(), Stream.of(Sampling.PUBLISHED)).toList();
  }

  /**
   * A walk.
   *
   * @throws IllegalArgumentException if there is no such sampler, or the settings of a published
   *     schedule are not known or have no walk of so many steps
   */
  public static WalkRecipe of(Parametrisation parametrisation, Sampling sampling) {
    WalkRecipe whole = whole(parametrisation, sampling);
    return sampling.tolerance() == null
        ? whole
        : whole.with(whole.sampler().settling(sampling.tolerance()));
  }

  private static WalkRecipe whole(Parametrisation parametrisation, Sampling sampling) {
    if (sampling.schedule() instanceof Schedule.Published schedule) {
      WalkRecipe published =
          PublishedWalk.of(schedule.settings())
              .inSinglePrecision()
              .walk(asked(schedule, sampling.steps()));
      return sampling.sampler().equals(Sampling.PUBLISHED)
          ? published
          : published.with(Samplers.named(sampling.sampler()));
    }
    NoiseSchedule levels = levels(sampling);
    Preconditioning terms = preconditioning(parametrisation, sampling.schedule());
    Sampler sampler = Samplers.named(sampling.sampler());
    return new WalkRecipe(
        levels,
        Arrays.stream(levels.sigmas()).limit(levels.steps()).mapToObj(terms::noise).toList(),
        Frame.VARIANCE_EXPLODING,
        levels.sigma(0),
        sampler,
        terms::denoiser);
  }

  /**
   * The timestep at which the chain that noises the level below has the noise that is added to it.
   *
   * @throws IllegalArgumentException if the level was not trained on a published chain
   */
  static double belowTime(Level level) {
    return belowChain(level).time().applyAsDouble(level.belowNoise());
  }

  /**
   * A level with the noise below that the chain which noises it has at a step.
   *
   * @throws IllegalArgumentException if the level was not trained on a published chain, or that is
   *     shorter
   */
  public static Level noised(Level level, int step) {
    Chain chain = belowChain(level);
    int most = level.belowNoising() == null ? chain.length() - 1 : level.belowNoising().most();
    if (step < 0 || step > most) {
      throw new IllegalArgumentException(
          "the chain of level %s has steps 0 to %s, but no %s".formatted(level.name(), most, step));
    }
    return level.noised(chain.sigma(step));
  }

  /** The chain along which the level below is noised. */
  private static Chain belowChain(Level level) {
    return level.belowNoising() == null
        ? chain(level)
        : PublishedWalk.of(level.belowNoising().settings()).chain().orElseThrow();
  }

  private static Chain chain(Level level) {
    if (level.sampling().schedule() instanceof Schedule.Published schedule) {
      return PublishedWalk.of(schedule.settings())
          .chain()
          .orElseThrow(
              () -> new IllegalArgumentException("level %s has no chain".formatted(level.name())));
    }
    throw new IllegalArgumentException("level %s has no chain".formatted(level.name()));
  }

  /** A sampling for samples of a level's size, on which a published schedule may depend. */
  public static Sampling at(Level level, Sampling sampling) {
    if (!(sampling.schedule() instanceof Schedule.Published schedule)) {
      return sampling;
    }
    int positions = level.extents().stream().reduce(1, Math::multiplyExact);
    return sampling.along(schedule.over(positions));
  }

  /** What a pipeline asks of its scheduler. */
  private static Map<String, ?> asked(Schedule.Published schedule, int steps) {
    Map<String, Object> asked = new HashMap<>();
    if (schedule.listed() != null) {
      asked.put("timesteps", schedule.listed());
    } else if (schedule.times() == null) {
      asked.put("num_inference_steps", steps);
    } else {
      asked.put("sigmas", schedule.times().of(steps));
    }
    boolean shifts = Boolean.TRUE.equals(schedule.settings().get("use_dynamic_shifting"));
    if (shifts && schedule.tokens() != null) {
      asked.put("image_seq_len", schedule.tokens());
    }
    return asked;
  }

  private static NoiseSchedule levels(Sampling sampling) {
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
      case Schedule.Published _ -> throw new IllegalArgumentException("it has its own levels");
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

  /** How the network's answers become guesses. */
  private static Preconditioning preconditioning(
      Parametrisation parametrisation, Schedule schedule) {
    double sigmaData = parametrisation.sigmaData();
    return switch (parametrisation.answer()) {
      case EDM -> Preconditioning.edm(sigmaData);
      case CONSISTENCY ->
          Preconditioning.consistency(sigmaData, lowest(schedule), sigma -> Math.log(sigma) / 4);
      case EPSILON -> Preconditioning.epsilon(time(schedule));
      case SAMPLE -> Preconditioning.sample(time(schedule));
      case V -> Preconditioning.velocity(time(schedule));
      case FLOW -> Preconditioning.flow(time(schedule));
    };
  }

  /** The smallest level of the schedule above 0, at which a consistency network is the identity. */
  private static double lowest(Schedule schedule) {
    return switch (schedule) {
      case Schedule.Karras karras -> karras.sigmaMin();
      case Schedule.Exponential exponential -> exponential.sigmaMin();
      case Schedule.Beta beta -> beta.sigmaMin();
      case Schedule.Listed(List<Double> sigmas) ->
          sigmas.stream().mapToDouble(s -> s).filter(s -> s > 0).min().orElse(0);
      case Schedule.Discrete _, Schedule.Flow _, Schedule.Published _ -> 0;
    };
  }

  /** The network's name for a level. */
  private static DoubleUnaryOperator time(Schedule schedule) {
    return switch (schedule) {
      case Schedule.Discrete discrete -> chain(discrete).time();
      case Schedule.Flow(_, double length) -> sigma -> length * sigma / (1 + sigma);
      case Schedule.Karras _,
          Schedule.Exponential _,
          Schedule.Beta _,
          Schedule.Listed _,
          Schedule.Published _ ->
          sigma -> sigma / (1 + sigma);
    };
  }
}
