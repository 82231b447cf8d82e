package glimt.diffusion.diffusers;

import glimt.diffusion.Ancestral;
import glimt.diffusion.Betas;
import glimt.diffusion.Chain;
import glimt.diffusion.Churn;
import glimt.diffusion.Clipping;
import glimt.diffusion.Frame;
import glimt.diffusion.Multistep;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.PredictionType;
import glimt.diffusion.Ramp;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import glimt.diffusion.Singlestep;
import glimt.diffusion.TimestepSpacing;
import glimt.diffusion.WalkRecipe;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Walks in sigma with samples x = x0 + sigma n: Euler, Euler ancestral, Heun, KDPM2, KDPM2
 * ancestral, DPM-Solver++ SDE and LMS.
 *
 * @param kind the scheduler class
 * @param betas the chain
 * @param prediction the quantity that the network predicts
 * @param spacing the spacing of the times
 * @param offset the number that is added to leading times
 * @param ramp the spacing of the levels, or null if they are those of the times
 * @param low the ramp's lowest level, or null for that of the times
 * @param high the ramp's highest level, or null for that of the times
 * @param logarithmic whether levels are equally spaced in log sigma over the whole chain
 * @param told whether the network's time input is ln(sigma) / 4
 * @param ends whether the walk ends at 0 instead of the chain's first level
 * @param clipping the clipping of predictions of x0
 */
record LevelWalks(
    PublishedClass kind,
    Betas betas,
    PredictionType prediction,
    TimestepSpacing spacing,
    int offset,
    @Nullable Ramp ramp,
    @Nullable Double low,
    @Nullable Double high,
    boolean logarithmic,
    boolean told,
    boolean ends,
    Clipping clipping)
    implements WalkFamily {

  static LevelWalks of(PublishedClass kind, PublishedSettings settings) {
    boolean sample =
        kind == PublishedClass.EULER || kind == PublishedClass.HEUN || kind == PublishedClass.LMS;
    PredictionType prediction =
        sample
            ? SharedSettings.prediction(
                settings,
                PredictionType.EPSILON,
                PredictionType.V_PREDICTION,
                PredictionType.SAMPLE)
            : SharedSettings.prediction(
                settings, PredictionType.EPSILON, PredictionType.V_PREDICTION);
    boolean euler = kind == PublishedClass.EULER;
    if (kind == PublishedClass.DPM_SDE) {
      // The noise comes from the seed of the job. Both draws of a step are independent here, where
      // the published ones are two increments of one Brownian path.
      settings.indifferent("noise_sampler_seed");
    }
    boolean continuous =
        euler && oneOf(settings, "timestep_type", "discrete", "continuous").equals("continuous");
    LevelWalks walks =
        new LevelWalks(
            kind,
            SharedSettings.betas(kind, settings),
            prediction,
            settings.choice("timestep_spacing", TimestepSpacing.class),
            settings.integer("steps_offset"),
            SharedSettings.ramp(settings),
            SharedSettings.optional(settings, "sigma_min"),
            SharedSettings.optional(settings, "sigma_max"),
            euler
                && oneOf(settings, "interpolation_type", "linear", "log_linear")
                    .equals("log_linear"),
            continuous && prediction == PredictionType.V_PREDICTION,
            !euler || oneOf(settings, "final_sigmas_type", "zero", "sigma_min").equals("zero"),
            SharedSettings.clipping(settings));
    Double low = walks.low();
    if (low != null && walks.ramp() != null && !walks.ends()) {
      if (low < walks.betas().finiteChain().sigma(0)) {
        throw settings.refused(
            "sigma_min", "with final_sigmas_type sigma_min, whose level is above it");
      }
    }
    return walks;
  }

  static String oneOf(PublishedSettings settings, String key, String... words) {
    String text = settings.text(key);
    if (!Arrays.asList(words).contains(text)) {
      throw settings.refused(key);
    }
    return text;
  }

  @Override
  public Optional<Chain> trainedOn() {
    return Optional.of(betas.finiteChain());
  }

  @Override
  public LevelWalks inSinglePrecision() {
    return new LevelWalks(
        kind,
        betas.inSinglePrecision(),
        prediction,
        spacing,
        offset,
        ramp,
        low,
        high,
        logarithmic,
        told,
        ends,
        clipping);
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    Chain chain = betas.finiteChain();
    NamedLevels grid = grid(chain, asked);
    NoiseSchedule levels = grid.levels();
    Preconditioning terms = prediction.terms(grid.naming());
    double top = levels.sigma(0);
    return new WalkRecipe(
        levels,
        grid.times(),
        Frame.VARIANCE_EXPLODING,
        spacing == TimestepSpacing.LEADING ? Math.hypot(1, top) : top,
        sampler(terms, levels, asked),
        network -> clipping.keeping(terms.denoiser(network)));
  }

  /**
   * The churn of a walk of n steps. The published one is spread over all levels, of which the
   * logarithmic ones are one more than the steps use.
   */
  private Churn churn(int n, PublishedSettings asked) {
    Churn churn = churn(asked);
    boolean more = logarithmic && ramp == null && !told && !asked.has("sigmas");
    return more
        ? new Churn(churn.churn() * n / (n + 1), churn.min(), churn.max(), churn.noise())
        : churn;
  }

  private Sampler sampler(Preconditioning terms, NoiseSchedule levels, PublishedSettings asked) {
    return switch (kind) {
      case EULER ->
          euler(terms, prediction == PredictionType.EPSILON, churn(levels.steps(), asked));
      case EULER_ANCESTRAL -> Ancestral.of(RungeKutta.euler(), 1, 1);
      case HEUN -> RungeKutta.heun();
      case KDPM2 -> RungeKutta.dpm2();
      case DPM_SDE -> Singlestep.dpmppSde(1).noise(asked.number("s_noise"));
      case KDPM2_ANCESTRAL -> Ancestral.of(RungeKutta.dpm2Apart(), 1, 1);
      default -> Multistep.lms(asked.integer("order"));
    };
  }

  /** Euler's method; if there is churn, its noise is added after the network call. */
  static Sampler euler(Preconditioning terms, boolean lifted, Churn churn) {
    return churn.churn() == 0 ? RungeKutta.euler() : churn.after(terms, lifted);
  }

  /** The churn that a walk asks for. */
  static Churn churn(PublishedSettings asked) {
    return new Churn(
        asked.number("s_churn"),
        asked.number("s_tmin"),
        asked.number("s_tmax"),
        asked.number("s_noise"));
  }

  private NamedLevels grid(Chain chain, PublishedSettings asked) {
    double[] sigmas = SharedSettings.listed(asked, "sigmas");
    double[] timesteps = SharedSettings.listed(asked, "timesteps");
    if ((sigmas != null || timesteps != null) && asked.has("num_inference_steps")) {
      throw asked.refused("num_inference_steps", "together with timesteps or sigmas");
    }
    if (sigmas != null) {
      if (timesteps != null) {
        throw asked.refused("sigmas", "together with timesteps");
      }
      return named(chain, NoiseSchedule.of(sigmas), chain.timeOfGiven());
    }
    if (timesteps != null && (ramp != null || told)) {
      throw asked.refused("timesteps", "together with a ramp or continuous times");
    }
    double[] times =
        timesteps == null
            ? spacing.times(chain.length(), SharedSettings.steps(asked), offset)
            : timesteps;
    if (betas.narrow()) {
      times = NamedLevels.narrow(times);
    }
    int n = times.length;
    NoiseSchedule levels = chain.schedule(times).endingAt(ends ? 0 : chain.sigma(0));
    if (logarithmic) {
      // One more level than steps, which a network that hears levels takes as a further step.
      NoiseSchedule all =
          NoiseSchedule.exponential(n + 1, chain.sigma(0), chain.sigma(chain.length() - 1));
      levels = told && ramp == null ? all.endingAt(ends ? 0 : chain.sigma(0)) : all.early(n);
    }
    if (ramp != null && n == 1 && high != null) { // a single step begins where the ramp does
      return named(chain, NoiseSchedule.of(high, ends ? 0 : chain.sigma(0)));
    }
    if (ramp == null || n == 1) {
      return told ? named(chain, levels) : rounded(NamedLevels.of(levels, times, chain.time()));
    }
    double least = logarithmic ? levels.sigma(n) : levels.sigma(n - 1);
    return named(
        chain,
        ramp.levels(n, low == null ? least : low, high == null ? levels.sigma(0) : high)
            .endingAt(ends ? 0 : chain.sigma(0)));
  }

  private NamedLevels named(Chain chain, NoiseSchedule levels) {
    return named(chain, levels, chain.time());
  }

  private NamedLevels named(Chain chain, NoiseSchedule levels, DoubleUnaryOperator time) {
    double[] times =
        Arrays.stream(levels.sigmas())
            .limit(levels.steps())
            .map(told ? s -> Math.log(s) / 4 : time)
            .toArray();
    boolean whole =
        ramp == Ramp.KARRAS
            && (kind == PublishedClass.KDPM2 || kind == PublishedClass.KDPM2_ANCESTRAL);
    return rounded(
        NamedLevels.of(
            levels, whole ? Arrays.stream(times).map(Math::rint).toArray() : times, chain.time()));
  }

  private NamedLevels rounded(NamedLevels grid) {
    return betas.narrow() ? grid.inSinglePrecision() : grid;
  }
}
