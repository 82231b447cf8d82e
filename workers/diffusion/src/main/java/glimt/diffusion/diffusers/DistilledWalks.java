package glimt.diffusion.diffusers;

import glimt.diffusion.Betas;
import glimt.diffusion.Chain;
import glimt.diffusion.Clipping;
import glimt.diffusion.Consistency;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.PredictionType;
import glimt.diffusion.WalkRecipe;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * Walks of latent consistency models (LCM) and trajectory consistency models (TCD), through a
 * selection of the times of their distillation.
 *
 * @param kind the scheduler class
 * @param betas the chain
 * @param prediction the quantity that the network predicts
 * @param clipping the clipping of predictions before the boundary condition; TCD ignores it
 * @param origin the number of times of the distillation
 * @param scaling the scaling of times in the boundary condition of LCM
 */
record DistilledWalks(
    PublishedClass kind,
    Betas betas,
    PredictionType prediction,
    Clipping clipping,
    int origin,
    double scaling)
    implements WalkFamily {

  /** The standard deviation of the data in LCM's boundary condition. */
  private static final double DATA = 0.5;

  static DistilledWalks of(PublishedClass kind, PublishedSettings settings) {
    // Times come from the distillation, and the last level is fixed by the class.
    settings.indifferent("set_alpha_to_one", "steps_offset", "timestep_spacing");
    return new DistilledWalks(
        kind,
        SharedSettings.betas(kind, settings),
        SharedSettings.prediction(
            settings, PredictionType.EPSILON, PredictionType.SAMPLE, PredictionType.V_PREDICTION),
        SharedSettings.clipping(settings),
        settings.integer("original_inference_steps"),
        settings.number("timestep_scaling"));
  }

  @Override
  public Optional<Chain> trainedOn() {
    return Optional.of(betas.chain());
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    Chain chain = betas.chain();
    int[] times = times(chain.length(), asked);
    int n = times.length;
    boolean lcm = kind == PublishedClass.LCM;
    // As published, LCM adds noise in its last step too if a strength has shortened a list.
    boolean noisy = asked.has("timesteps") && asked.numbers("timesteps").length > n;
    NoiseSchedule levels =
        chain.schedule(times, !lcm ? chain.sigma(0) : noisy ? chain.sigma(times[n - 1]) : 0);
    DoubleUnaryOperator name = levels.naming(SharedSettings.wide(times), chain.time());
    Preconditioning terms = prediction.terms(name);
    if (lcm) {
      return new WalkRecipe(
          levels,
          SharedSettings.list(SharedSettings.wide(times)),
          Frame.VARIANCE_PRESERVING,
          1,
          Consistency.of(0),
          network -> bounded(terms, network));
    }
    double gamma = asked.number("eta");
    if (!(gamma >= 0 && gamma <= 1)) {
      throw asked.refused("eta");
    }
    double last = levels.sigma(n);
    DoubleUnaryOperator partial =
        sigma ->
            sigma == last
                ? last
                : chain.sigma((int) Math.floor((1 - gamma) * name.applyAsDouble(sigma)));
    return new WalkRecipe(
        levels,
        SharedSettings.list(SharedSettings.wide(times)),
        Frame.VARIANCE_PRESERVING,
        1,
        Consistency.tcd(gamma, partial),
        terms::denoiser);
  }

  private Denoiser bounded(Preconditioning terms, Prediction network) {
    return terms.latentConsistency(clipping.keeping(terms.denoiser(network)), scaling, DATA);
  }

  private int[] times(int length, PublishedSettings asked) {
    double strength = asked.number("strength");
    double[] listed = SharedSettings.listed(asked, "timesteps");
    if (listed != null) {
      asked.indifferent("original_inference_steps");
      int kept = Math.min((int) (listed.length * strength), listed.length);
      int[] times = Arrays.stream(listed).mapToInt(t -> (int) t).toArray();
      return Arrays.copyOfRange(times, times.length - kept, times.length);
    }
    boolean own = asked.has("original_inference_steps");
    int original = own ? asked.integer("original_inference_steps") : origin;
    if (original < 1 || original > length) {
      throw asked.refused("original_inference_steps");
    }
    // TCD selects from all times if the walk specifies the number of distillation times.
    boolean all = own && kind == PublishedClass.TCD;
    int count = (int) ((all ? length : original) * strength);
    int stride = all ? 1 : length / original;
    int steps = SharedSettings.steps(asked);
    if (steps > original || steps > count) {
      throw new IllegalArgumentException(
          "%s steps cannot be selected from the %s of the distillation; use fewer steps"
              .formatted(steps, Math.min(original, count)));
    }
    return IntStream.range(0, steps)
        .map(i -> (int) Math.floor((double) i * count / steps))
        .map(i -> (count - i) * stride - 1)
        .toArray();
  }
}
