package glimt.diffusion.diffusers;

import glimt.diffusion.Ancestral;
import glimt.diffusion.Chain;
import glimt.diffusion.Clipping;
import glimt.diffusion.Frame;
import glimt.diffusion.Multistep;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.PredictionType;
import glimt.diffusion.Sampler;
import glimt.diffusion.TimestepSpacing;
import glimt.diffusion.Variance;
import glimt.diffusion.WalkRecipe;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Walks through integer times of a chain: DDIM and its inverse, DDPM and PNDM. Steps of DDIM and
 * PNDM span N // n times, whatever the spacing, and pass their samples on as {@link
 * Sampler#landing} describes.
 *
 * @param kind the scheduler class
 * @param chain the chain that the network was trained on
 * @param prediction the quantity that the network predicts
 * @param spacing the spacing of the times
 * @param offset the number that is added to leading times
 * @param clipping the clipping of predictions of x0
 * @param ends whether the last step goes to level 0 instead of the chain's first level
 * @param variance the variance of DDPM's steps
 * @param multistep whether PNDM begins with one Heun step instead of three Runge-Kutta steps
 */
record ChainWalks(
    PublishedClass kind,
    Chain chain,
    PredictionType prediction,
    TimestepSpacing spacing,
    int offset,
    Clipping clipping,
    boolean ends,
    Variance variance,
    boolean multistep)
    implements WalkFamily {

  private static final Map<String, Variance> VARIANCES =
      Map.of(
          "fixed_small", Variance.small(),
          "fixed_small_log", Variance.small(),
          "fixed_large", Variance.large(),
          "learned", Variance.outright(),
          "learned_range", Variance.learned());

  static ChainWalks of(PublishedClass kind, PublishedSettings settings) {
    PredictionType prediction =
        kind == PublishedClass.PNDM
            ? SharedSettings.prediction(
                settings, PredictionType.EPSILON, PredictionType.V_PREDICTION)
            : SharedSettings.prediction(
                settings,
                PredictionType.EPSILON,
                PredictionType.SAMPLE,
                PredictionType.V_PREDICTION);
    TimestepSpacing spacing = settings.choice("timestep_spacing", TimestepSpacing.class);
    if (kind == PublishedClass.DDIM_INVERSE && spacing == TimestepSpacing.LINSPACE) {
      throw settings.refused("timestep_spacing");
    }
    if (kind == PublishedClass.COGVIDEOX_DDIM) { // never clips, whatever its settings are
      settings.indifferent("clip_sample", "clip_sample_range", "sample_max_value");
    }
    return new ChainWalks(
        kind,
        SharedSettings.betas(kind, settings).chain(),
        prediction,
        spacing,
        settings.integer("steps_offset"),
        kind == PublishedClass.COGVIDEOX_DDIM
            ? new Clipping.None()
            : SharedSettings.clipping(settings),
        kind == PublishedClass.DDPM || settings.flag("set_alpha_to_one"),
        variance(settings),
        kind == PublishedClass.PNDM && settings.flag("skip_prk_steps"));
  }

  private static Variance variance(PublishedSettings settings) {
    if (!settings.knows("variance_type")) {
      return Variance.small();
    }
    Variance variance = VARIANCES.get(settings.text("variance_type"));
    if (variance == null) {
      throw settings.refused("variance_type");
    }
    return variance;
  }

  @Override
  public Optional<Chain> trainedOn() {
    return Optional.of(chain);
  }

  @Override
  public WalkFamily inSinglePrecision() {
    return new ChainWalks(
        kind,
        chain.inSinglePrecision(),
        prediction,
        spacing,
        offset,
        clipping,
        ends,
        variance,
        multistep);
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    return switch (kind) {
      case DDPM -> ddpm(chain, asked);
      case PNDM -> pndm(chain, asked);
      case DDIM_INVERSE -> inverse(chain, asked);
      default -> ddim(chain, asked);
    };
  }

  private int[] times(Chain chain, PublishedSettings asked) {
    return spacing.wholeTimes(chain.length(), SharedSettings.steps(asked), offset);
  }

  /** Maps a time to its level, and negative times to the last level. */
  private IntToDoubleFunction levelOf(Chain chain) {
    double last = ends ? 0 : chain.sigma(0);
    return t -> t < 0 ? last : chain.sigma(t);
  }

  private WalkRecipe ddim(Chain chain, PublishedSettings asked) {
    int[] times = times(chain, asked);
    int stride = chain.length() / times.length;
    IntToDoubleFunction level = levelOf(chain);
    NoiseSchedule levels =
        chain.schedule(times, 0).endingAt(level.applyAsDouble(times[times.length - 1] - stride));
    if (kind == PublishedClass.COGVIDEOX_DDIM) { // takes both and uses neither, as published
      asked.indifferent("eta", "use_clipped_model_output");
    }
    double eta = kind == PublishedClass.COGVIDEOX_DDIM ? 0 : asked.number("eta");
    if (!(eta >= 0 && eta <= 1)) {
      throw asked.refused("eta");
    }
    boolean recomputed =
        kind != PublishedClass.COGVIDEOX_DDIM && asked.flag("use_clipped_model_output");
    Clipping within = recomputed ? new Clipping.None() : clipping;
    Clipping before = recomputed ? clipping : new Clipping.None();
    Sampler sampler =
        Ancestral.ddim(eta, within).landing(landing(chain, times, levels, level, stride));
    Preconditioning terms = prediction.terms(named(levels, times, chain));
    return new WalkRecipe(
        levels,
        SharedSettings.list(SharedSettings.wide(times)),
        Frame.VARIANCE_PRESERVING,
        1,
        sampler,
        network -> before.keeping(terms.denoiser(network)));
  }

  /** Maps a level of the walk to the level one stride of times below it. */
  private static DoubleUnaryOperator landing(
      Chain chain, int[] times, NoiseSchedule levels, IntToDoubleFunction level, int stride) {
    DoubleUnaryOperator place = levels.naming(SharedSettings.wide(times), chain.time());
    double last = levels.sigma(levels.steps());
    return sigma -> {
      double there = level.applyAsDouble((int) place.applyAsDouble(sigma) - stride);
      return Math.abs(there - last) <= 1e-9 * last ? last : there;
    };
  }

  private static DoubleUnaryOperator named(NoiseSchedule levels, int[] times, Chain chain) {
    return levels.naming(SharedSettings.wide(times), chain.time());
  }

  /**
   * DDIM inversion, in which the network's time input is that of the next level above the sample.
   */
  private WalkRecipe inverse(Chain chain, PublishedSettings asked) {
    int[] falling = times(chain, asked);
    int n = falling.length;
    int[] times = IntStream.range(0, n).map(i -> falling[n - 1 - i]).toArray();
    int stride = chain.length() / n;
    IntToDoubleFunction level = levelOf(chain);
    double[] sigmas = new double[n + 1];
    for (int i = 0; i < n; i++) {
      sigmas[i] = level.applyAsDouble(Math.min(times[i] - stride, chain.length() - 1));
    }
    sigmas[n] = chain.sigma(times[n - 1]);
    if (sigmas[0] == sigmas[1]) { // a schedule needs different levels
      sigmas[0] *= 1 - 0x1p-46;
    }
    NoiseSchedule levels = NoiseSchedule.risingOf(sigmas);
    DoubleUnaryOperator name = levels.naming(SharedSettings.wide(times), chain.time());
    Sampler sampler =
        Ancestral.inverse(clipping).landing(sigma -> chain.sigma((int) name.applyAsDouble(sigma)));
    Preconditioning terms = prediction.terms(name);
    return new WalkRecipe(
        levels,
        SharedSettings.list(SharedSettings.wide(times)),
        Frame.VARIANCE_PRESERVING,
        1,
        sampler,
        terms::denoiserFromNothing);
  }

  private WalkRecipe ddpm(Chain chain, PublishedSettings asked) {
    double[] listed = SharedSettings.listed(asked, "timesteps");
    int[] times =
        listed == null
            ? times(chain, asked)
            : Arrays.stream(listed).mapToInt(t -> (int) t).toArray();
    if (listed != null && asked.has("num_inference_steps")) {
      throw asked.refused("num_inference_steps", "together with timesteps");
    }
    NoiseSchedule levels = chain.schedule(times, 0);
    Preconditioning terms = prediction.terms(named(levels, times, chain));
    boolean says =
        variance.name().equals(Variance.learned().name())
            || variance.name().equals(Variance.outright().name());
    return new WalkRecipe(
        levels,
        SharedSettings.list(SharedSettings.wide(times)),
        Frame.VARIANCE_PRESERVING,
        1,
        Ancestral.ddpm(variance, times[times.length - 1] > 0),
        network ->
            clipping.keeping(says ? terms.denoiserWithVariance(network) : terms.denoiser(network)));
  }

  private WalkRecipe pndm(Chain chain, PublishedSettings asked) {
    int[] times = times(chain, asked);
    int n = times.length;
    int stride = chain.length() / n;
    boolean even = IntStream.range(1, n).allMatch(i -> times[i - 1] - times[i] == stride);
    if (!multistep && n < 4) {
      throw new IllegalArgumentException(
          "PNDM with its three Runge-Kutta steps needs at least 4 steps, not " + n);
    }
    NoiseSchedule levels =
        chain.schedule(times, 0).endingAt(levelOf(chain).applyAsDouble(times[n - 1] - stride));
    DoubleUnaryOperator place = named(levels, times, chain);
    int half = stride / 2;
    DoubleBinaryOperator middle = (_, next) -> chain.sigma((int) place.applyAsDouble(next) + half);
    DoubleBinaryOperator lands = (sigma, _) -> chain.sigma((int) place.applyAsDouble(sigma) - half);
    Preconditioning terms = prediction.terms(place.andThen(Math::rint));
    DoubleUnaryOperator landing = landing(chain, times, levels, levelOf(chain), stride);
    Sampler sampler =
        multistep
            ? even
                ? Multistep.plms(terms)
                : Multistep.plms(
                    terms, landing, sigma -> chain.sigma((int) place.applyAsDouble(sigma) + stride))
            : even
                ? Multistep.pndm(middle, lands, terms)
                : Multistep.pndm(middle, lands, terms, landing);
    return new WalkRecipe(
        levels,
        SharedSettings.list(SharedSettings.wide(times)),
        Frame.VARIANCE_PRESERVING,
        1,
        sampler,
        terms::denoiser);
  }
}
