package glimt.diffusion.diffusers;

import glimt.diffusion.Churn;
import glimt.diffusion.Consistency;
import glimt.diffusion.Course;
import glimt.diffusion.Frame;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Ramp;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import glimt.diffusion.WalkRecipe;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Walks of flow matching with samples z = (1 - t) x0 + t n: Euler, Heun and LCM.
 *
 * @param kind the scheduler class
 * @param length N, where the network's time input is N t
 * @param shift the shift of times
 * @param ramp the spacing of times after their shift, or null
 * @param inverted whether time is reversed: the network's time input is N (1 - t) and it predicts
 *     x0 - n
 * @param stochastic whether every step adds new noise
 * @param heard whether listed times are the network's inputs as they are listed, whatever the shift
 * @param narrow whether times are computed in 32 bits
 */
record FlowWalks(
    PublishedClass kind,
    int length,
    FlowShift shift,
    @Nullable Ramp ramp,
    boolean inverted,
    boolean stochastic,
    boolean heard,
    boolean narrow)
    implements WalkFamily {

  /** Since this release of diffusers, 0.39, Euler's network hears the shifted times. */
  private static final int SHIFTED_LISTS = 39;

  static FlowWalks of(PublishedClass kind, PublishedSettings settings) {
    if (kind == PublishedClass.FLOW_LCM) {
      // Samples whose resolution grows during the walk are not supported.
      settings.untouched("scale_factors");
      settings.indifferent("upscale_mode");
      if (settings.flag("invert_sigmas")) {
        throw settings.refused("invert_sigmas", "because its steps would end in noise");
      }
    }
    if (settings.flagIfKnown("stochastic_sampling") && settings.flagIfKnown("invert_sigmas")) {
      throw settings.refused("stochastic_sampling", "with invert_sigmas, which it would not heed");
    }
    return new FlowWalks(
        kind,
        settings.integer("num_train_timesteps"),
        FlowShift.of(settings, "shift"),
        SharedSettings.ramp(settings),
        settings.flagIfKnown("invert_sigmas"),
        settings.flagIfKnown("stochastic_sampling"),
        kind == PublishedClass.FLOW_LCM || settings.before(SHIFTED_LISTS),
        false);
  }

  @Override
  public FlowWalks inSinglePrecision() {
    return new FlowWalks(kind, length, shift, ramp, inverted, stochastic, heard, true);
  }

  @Override
  public WalkRecipe walk(PublishedSettings asked) {
    double[] given = SharedSettings.listed(asked, "sigmas");
    double[] named = SharedSettings.listed(asked, "timesteps");
    double[] plain = plain(given, named, asked);
    int n = plain.length;
    double[] t = Arrays.copyOf(moved(plain, given != null || named != null, asked), n + 1);
    if (ramp != null && n > 1) {
      t = ramp.levels(n, t[n - 1], t[0]).sigmas();
    }
    NoiseSchedule levels = NoiseSchedule.flow(narrow ? NamedLevels.narrow(t) : t);
    double[] times =
        heard && named != null && !inverted
            ? named
            : Arrays.stream(t).limit(n).map(this::time).toArray();
    Preconditioning flow = Preconditioning.flow(levels.naming(times, s -> s / (1 + s) * length));
    Preconditioning terms = inverted ? flow.negated() : flow;
    return new WalkRecipe(
        levels, SharedSettings.list(times), Frame.FLOW, 1, sampler(asked), terms::denoiser);
  }

  /** Shifted times, which diffusers computes in 32 bits where the plain ones are given. */
  private double[] moved(double[] plain, boolean given, PublishedSettings asked) {
    return narrow && given
        ? shift.single(plain, asked)
        : shift.stretched(shift.shifted(plain, asked));
  }

  private double time(double t) {
    if (narrow) {
      return (inverted ? 1 - (float) t : (float) t) * length;
    }
    return (inverted ? 1 - t : t) * length;
  }

  private Sampler sampler(PublishedSettings asked) {
    return switch (kind) {
      case FLOW_HEUN -> {
        Churn churn = LevelWalks.churn(asked);
        yield churn.churn() == 0 ? RungeKutta.heun(Course.flow(), 1) : churn.heunOfFlow();
      }
      case FLOW_LCM -> Consistency.of(0);
      default -> {
        asked.indifferent("s_churn", "s_tmin", "s_tmax", "s_noise"); // taken and not used
        yield stochastic ? Consistency.of(0) : RungeKutta.euler();
      }
    };
  }

  /**
   * The times before the shift: as given, or equally spaced from 1 to the shifted smallest time.
   */
  private double[] plain(
      double @Nullable [] given, double @Nullable [] named, PublishedSettings asked) {
    double[] listed = given != null ? given : named;
    if (listed != null) {
      boolean fits = given == null || named == null || given.length == named.length;
      if (!fits) {
        throw asked.refused("timesteps", "together with sigmas of another number");
      }
      if (asked.has("num_inference_steps") && SharedSettings.steps(asked) != listed.length) {
        throw asked.refused("num_inference_steps", "together with a list of another length");
      }
      return given != null ? given : Arrays.stream(listed).map(v -> v / length).toArray();
    }
    int n = SharedSettings.steps(asked);
    double least = narrow ? shift.narrowFixed(1f / length) : shift.fixed(1. / length);
    double[] plain = new double[n];
    Arrays.setAll(plain, i -> n == 1 ? 1 : 1 + (least - 1) * i / (n - 1));
    return plain;
  }
}
