package glimt.diffusion.diffusers;

import glimt.diffusion.Clipping;
import glimt.diffusion.Consistency;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.WalkRecipe;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * Multistep sampling of consistency models (Song et al. 2023, Algorithm 1) along a Karras ramp.
 *
 * @param length the number of levels of the ramp
 * @param low its lowest level, at which the model is the identity
 * @param high its highest level
 * @param data the standard deviation of the data
 * @param rho the power of the ramp
 * @param noise S_noise
 * @param clipped whether predictions of x0 are clamped to [-1, 1]
 */
record ConsistencyWalk(
    int length, double low, double high, double data, double rho, double noise, boolean clipped)
    implements WalkFamily {

  static ConsistencyWalk of(PublishedSettings settings) {
    return new ConsistencyWalk(
        settings.integer("num_train_timesteps"),
        settings.number("sigma_min"),
        settings.number("sigma_max"),
        settings.number("sigma_data"),
        settings.number("rho"),
        settings.number("s_noise"),
        settings.flag("clip_denoised"));
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    double[] listed = SharedSettings.listed(asked, "timesteps");
    if (listed != null && asked.has("num_inference_steps")) {
      throw asked.refused("num_inference_steps", "together with timesteps");
    }
    // Published lists fall; their entries in reverse order are indices of the ramp.
    int[] places =
        listed == null
            ? even(SharedSettings.steps(asked))
            : IntStream.range(0, listed.length)
                .map(i -> (int) listed[listed.length - 1 - i])
                .toArray();
    NoiseSchedule ramp = NoiseSchedule.karras(length, low, high, rho);
    double[] sigmas = new double[places.length + 1];
    for (int i = 0; i < places.length; i++) {
      sigmas[i] = ramp.sigma(places[i]);
    }
    sigmas[places.length] = low;
    NoiseSchedule levels = NoiseSchedule.of(sigmas);
    DoubleUnaryOperator time = s -> 250 * Math.log(s + 1e-44);
    Preconditioning terms = Preconditioning.consistency(data, low, time);
    Clipping clipping = clipped ? new Clipping.StaticClipping(1) : new Clipping.None();
    return new WalkRecipe(
        levels,
        Arrays.stream(sigmas).limit(places.length).map(time).boxed().toList(),
        Frame.VARIANCE_EXPLODING,
        high,
        Consistency.of(low).noise(noise),
        network -> clipping.keeping(terms.denoiser(network)));
  }

  private int[] even(int steps) {
    if (steps > length) {
      throw new IllegalArgumentException(
          "a ramp of %2$s levels allows at most %2$s steps, not %1$s".formatted(steps, length));
    }
    int stride = length / steps;
    return IntStream.range(0, steps).map(i -> i * stride).toArray();
  }
}
