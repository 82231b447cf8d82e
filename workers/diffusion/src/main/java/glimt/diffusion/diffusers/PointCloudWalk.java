package glimt.diffusion.diffusers;

import glimt.diffusion.Chain;
import glimt.diffusion.Churn;
import glimt.diffusion.Clipping;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.WalkRecipe;
import java.util.Arrays;
import java.util.Optional;

/**
 * A stage of Point-E (Nichol et al. 2022): Heun's method with churn on the levels of Karras et al.
 * 2022, for a network that predicts the noise of a chain and knows whole times alone.
 *
 * @param chain the chain that the network was trained on
 * @param low sigma_min
 * @param high sigma_max
 * @param rho the power of Karras levels
 * @param churn S_churn
 * @param clipping the clipping of predictions of x0
 */
record PointCloudWalk(
    Chain chain, double low, double high, double rho, double churn, Clipping clipping)
    implements WalkFamily {
  private static final double MOST_BETA = 0.999;

  /** The ends of the linear betas of Ho et al. 2020, times the length of their chain. */
  private static final double FIRST = 0.1;

  private static final double LAST = 20;

  static PointCloudWalk of(PublishedSettings settings) {
    int length = settings.integer("num_train_timesteps");
    boolean cosine =
        LevelWalks.oneOf(settings, "beta_schedule", "cosine", "linear").equals("cosine");
    return new PointCloudWalk(
        cosine
            ? Chain.cosine(length, MOST_BETA)
            : Chain.linear(length, FIRST / length, LAST / length),
        settings.number("sigma_min"),
        settings.number("sigma_max"),
        settings.number("rho"),
        settings.number("s_churn"),
        settings.flag("clip_denoised") ? new Clipping.StaticClipping(1) : new Clipping.None());
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    NoiseSchedule levels = NoiseSchedule.karras(SharedSettings.steps(asked), low, high, rho);
    Preconditioning terms = Preconditioning.epsilonOfWholeTimes(chain);
    return new WalkRecipe(
        levels,
        Arrays.stream(levels.sigmas()).limit(levels.steps()).map(terms::noise).boxed().toList(),
        Frame.VARIANCE_EXPLODING,
        high,
        new Churn(churn, 0, Double.POSITIVE_INFINITY, 1).before(RungeKutta.heun()),
        network -> clipping.keeping(terms.denoiser(network)));
  }

  @Override
  public Optional<Chain> trainedOn() {
    return Optional.of(chain);
  }
}
