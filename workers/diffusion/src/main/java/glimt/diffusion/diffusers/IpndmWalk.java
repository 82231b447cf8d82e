package glimt.diffusion.diffusers;

import glimt.diffusion.Frame;
import glimt.diffusion.Multistep;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.WalkRecipe;

/**
 * Improved PNDM through equal steps of u from 1 to 0 with samples z = a x0 + s n, s = sin^2(u pi /
 * 2) and a^2 + s^2 = 1, with a network that predicts v for the time input atan(s / a) 2 / pi. At u
 * = 1 there is no signal: the network's output is ignored and the noise equals the sample.
 */
final class IpndmWalk {
  private IpndmWalk() {}

  static WalkFamily of(PublishedSettings settings) {
    settings.indifferent("num_train_timesteps").untouched("trained_betas");
    return IpndmWalk::walk;
  }

  private static WalkRecipe walk(PublishedSettings asked) {
    int n = SharedSettings.steps(asked);
    double[] sigmas = new double[n + 1];
    double[] times = new double[n];
    for (int i = 0; i < n; i++) {
      double sine = Math.sin((1 - (double) i / n) * Math.PI / 2);
      double noise = sine * sine;
      double signal = Math.sqrt(1 - noise * noise);
      sigmas[i] = i == 0 ? NoiseSchedule.NO_SIGNAL : noise / signal;
      times[i] = i == 0 ? 1 : Math.atan2(noise, signal) / Math.PI * 2;
    }
    NoiseSchedule levels = NoiseSchedule.of(sigmas);
    Preconditioning v =
        Preconditioning.velocity(levels.naming(times, s -> Math.atan(s) / Math.PI * 2));
    Preconditioning terms =
        new Preconditioning(
            v.skip(),
            s -> s == NoiseSchedule.NO_SIGNAL ? 0 : v.out().applyAsDouble(s),
            v.in(),
            v.noise());
    return new WalkRecipe(
        levels,
        SharedSettings.list(times),
        Frame.VARIANCE_PRESERVING,
        1,
        Multistep.ipndm(),
        terms::denoiser);
  }
}
