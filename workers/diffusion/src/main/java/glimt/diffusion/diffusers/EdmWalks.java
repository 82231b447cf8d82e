package glimt.diffusion.diffusers;

import glimt.diffusion.Clipping;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import glimt.diffusion.WalkRecipe;
import java.util.Arrays;
import java.util.function.Function;

/**
 * Walks of networks with EDM preconditioning: Euler and DPM-Solver++.
 *
 * @param kind the scheduler class
 * @param low sigma_min
 * @param high sigma_max
 * @param data the standard deviation of the data
 * @param rho the power of Karras levels
 * @param karras whether levels follow Karras et al. 2022 instead of an exponential
 * @param negated whether the network's output has the opposite sign ("v_prediction")
 * @param ends whether the walk ends at 0 instead of sigma_min
 * @param clipping the clipping of predictions of x0
 * @param solver returns the sampler for a number of steps
 */
record EdmWalks(
    PublishedClass kind,
    double low,
    double high,
    double data,
    double rho,
    boolean karras,
    boolean negated,
    boolean ends,
    Clipping clipping,
    Function<Integer, Sampler> solver)
    implements WalkFamily {

  static EdmWalks of(PublishedClass kind, PublishedSettings settings) {
    settings.indifferent("num_train_timesteps"); // length of a table that no walk uses
    boolean ends =
        LevelWalks.oneOf(settings, "final_sigmas_type", "zero", "sigma_min").equals("zero");
    Function<Integer, Sampler> solver = _ -> RungeKutta.euler();
    if (kind == PublishedClass.EDM_DPM) {
      Multisteps multisteps = Multisteps.of(settings, ends);
      if (multisteps.stochastic() && multisteps.order() == 3) {
        throw settings.refused("solver_order", "together with algorithm_type sde-dpmsolver++");
      }
      if (!multisteps.data()) {
        throw settings.refused("algorithm_type");
      }
      solver = multisteps::sampler;
    }
    return new EdmWalks(
        kind,
        settings.number("sigma_min"),
        settings.number("sigma_max"),
        settings.number("sigma_data"),
        settings.number("rho"),
        LevelWalks.oneOf(settings, "sigma_schedule", "karras", "exponential").equals("karras"),
        LevelWalks.oneOf(settings, "prediction_type", "epsilon", "v_prediction")
            .equals("v_prediction"),
        ends,
        SharedSettings.clipping(settings),
        solver);
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    NoiseSchedule levels = levels(asked);
    int n = levels.steps();
    double[] times = Arrays.stream(levels.sigmas()).limit(n).map(s -> Math.log(s) / 4).toArray();
    Preconditioning plain = Preconditioning.edm(data);
    Preconditioning terms = negated ? plain.negated() : plain;
    Sampler sampler =
        kind == PublishedClass.EDM_EULER
            ? LevelWalks.euler(terms, true, LevelWalks.churn(asked))
            : solver.apply(n);
    return new WalkRecipe(
        levels,
        SharedSettings.list(times),
        Frame.VARIANCE_EXPLODING,
        Math.hypot(1, high),
        sampler,
        network -> clipping.keeping(terms.denoiser(network)));
  }

  private NoiseSchedule levels(PublishedSettings asked) {
    double[] places =
        SharedSettings.listed(asked, "sigmas"); // as published: positions on the ramp, 0 to 1
    int n = places == null ? SharedSettings.steps(asked) : places.length;
    if (places != null && asked.has("num_inference_steps") && SharedSettings.steps(asked) != n) {
      throw asked.refused("num_inference_steps", "together with sigmas of another number");
    }
    NoiseSchedule levels;
    if (!karras) {
      // As published: a single step begins at the lowest level, and positions do not matter.
      levels = n == 1 ? NoiseSchedule.of(low, 0) : NoiseSchedule.exponential(n, low, high);
    } else if (places == null) {
      levels = NoiseSchedule.karras(n, low, high, rho);
    } else {
      double top = Math.pow(high, 1 / rho);
      double bottom = Math.pow(low, 1 / rho);
      double[] sigmas = new double[n + 1];
      for (int i = 0; i < n; i++) {
        sigmas[i] = Math.pow(top + places[i] * (bottom - top), rho);
      }
      levels = NoiseSchedule.of(sigmas);
    }
    return levels.endingAt(ends ? 0 : kind == PublishedClass.EDM_DPM ? low : levels.sigma(n - 1));
  }
}
