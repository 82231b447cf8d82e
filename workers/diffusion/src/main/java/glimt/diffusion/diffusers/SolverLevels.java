package glimt.diffusion.diffusers;

import glimt.diffusion.Betas;
import glimt.diffusion.Chain;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Ramp;
import glimt.diffusion.TimestepSpacing;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The noise levels of exponential integrators.
 *
 * @param kind the scheduler class
 * @param betas the chain
 * @param spacing the spacing of the times
 * @param offset the number that is added to leading times
 * @param leastLambda the smallest half log SNR; noisier levels are skipped
 * @param ramp the spacing of the levels over the whole chain, or null
 * @param lu whether the ramp is that of "Lu lambdas", whose times are integers
 * @param low the ramp's lowest level, or null for the chain's
 * @param high the ramp's highest level, or null for the chain's
 * @param flow whether levels are those of a flow
 * @param shift of a flow's times
 * @param full whether a flow begins at time 1, or one of the chain's steps short of it
 * @param ends whether the walk ends at 0, or at its least level
 */
record SolverLevels(
    PublishedClass kind,
    Betas betas,
    TimestepSpacing spacing,
    int offset,
    double leastLambda,
    @Nullable Ramp ramp,
    boolean lu,
    @Nullable Double low,
    @Nullable Double high,
    boolean flow,
    FlowShift shift,
    boolean full,
    boolean ends) {

  /** Since this release of diffusers, 0.36, UniPC's flows begin at time 1. */
  private static final int FULL_FLOWS = 36;

  static SolverLevels of(PublishedClass kind, PublishedSettings settings) {
    Ramp ramp = SharedSettings.ramp(settings);
    boolean lu = settings.flagIfKnown("use_lu_lambdas");
    if (lu && ramp == Ramp.KARRAS) {
      lu = false; // Karras levels take precedence, as published
    }
    boolean flow = settings.flag("use_flow_sigmas");
    boolean both = flow && (ramp != null || lu);
    if (both && !(kind == PublishedClass.UNIPC && ramp == Ramp.KARRAS)) {
      throw settings.refused("use_flow_sigmas", "together with a ramp");
    }
    FlowShift shift = FlowShift.of(settings, "flow_shift");
    if (shift.terminal() != null && !flow) {
      throw settings.refused("shift_terminal", "without use_flow_sigmas");
    }
    boolean ends =
        settings.knows("final_sigmas_type")
            && LevelWalks.oneOf(settings, "final_sigmas_type", "zero", "sigma_min").equals("zero");
    return new SolverLevels(
        kind,
        SharedSettings.betas(kind, settings),
        settings.knows("timestep_spacing")
            ? settings.choice("timestep_spacing", TimestepSpacing.class)
            : TimestepSpacing.LINSPACE,
        settings.knows("steps_offset") ? settings.integer("steps_offset") : 0,
        settings.knows("lambda_min_clipped")
            ? settings.number("lambda_min_clipped")
            : Double.NEGATIVE_INFINITY,
        lu ? Ramp.EXPONENTIAL : ramp,
        lu,
        SharedSettings.optional(settings, "sigma_min"),
        SharedSettings.optional(settings, "sigma_max"),
        flow,
        shift,
        kind == PublishedClass.UNIPC && !settings.before(FULL_FLOWS),
        ends);
  }

  SolverLevels inSinglePrecision() {
    return new SolverLevels(
        kind,
        betas.inSinglePrecision(),
        spacing,
        offset,
        leastLambda,
        ramp,
        lu,
        low,
        high,
        flow,
        shift,
        full,
        ends);
  }

  /** The levels of a walk. */
  NamedLevels grid(PublishedSettings asked) {
    NamedLevels grid = wide(asked);
    return betas.narrow() && !flow ? grid.inSinglePrecision() : grid; // a flow's times are rounded
  }

  private NamedLevels wide(PublishedSettings asked) {
    Chain chain = betas.finiteChain();
    double[] timesteps = SharedSettings.listed(asked, "timesteps");
    double[] sigmas = SharedSettings.listed(asked, "sigmas");
    if (timesteps != null && (ramp != null || asked.has("num_inference_steps"))) {
      throw asked.refused("timesteps", "together with a ramp or num_inference_steps");
    }
    if (sigmas != null && !(flow && ramp == null)) {
      throw asked.refused("sigmas", "unless of a flow without a ramp");
    }
    int n =
        timesteps != null
            ? timesteps.length
            : sigmas != null ? sigmas.length : SharedSettings.steps(asked);
    if (sigmas != null && asked.has("num_inference_steps") && SharedSettings.steps(asked) != n) {
      throw asked.refused("num_inference_steps", "together with sigmas of another number");
    }
    if (flow && ramp == null) {
      return flow(chain, n, sigmas, asked);
    }
    if (shift.dynamic()) {
      asked.indifferent("mu", "image_seq_len"); // which shift flows alone
    }
    if (ramp != null && n > 1) {
      return ramped(chain, n);
    }
    int[] times =
        timesteps == null
            ? times(chain, n)
            : Arrays.stream(timesteps).mapToInt(t -> (int) t).toArray();
    if (ramp != null) { // a single step starts at the highest level
      return named(chain, NoiseSchedule.of(top(chain), last(chain, top(chain))));
    }
    NoiseSchedule levels = chain.schedule(times, 0).endingAt(ends ? 0 : chain.sigma(0));
    double[] wide = SharedSettings.wide(times);
    return NamedLevels.of(levels, wide, chain.time());
  }

  private int[] times(Chain chain, int n) {
    int length = chain.length();
    int clipped = 0;
    while (clipped < length && -Math.log(chain.sigma(length - 1 - clipped)) < leastLambda) {
      clipped++;
    }
    return spacing.openTimes(length - clipped, length, n, offset);
  }

  private double top(Chain chain) {
    return high == null ? chain.sigma(chain.length() - 1) : high;
  }

  /** The final level of a walk whose last step begins at {@code before}. */
  private double last(Chain chain, double before) {
    boolean own = kind == PublishedClass.DPM_MULTISTEP || kind == PublishedClass.DPM_SINGLESTEP;
    return ends ? 0 : own ? chain.sigma(0) : before;
  }

  private NamedLevels ramped(Chain chain, int n) {
    NoiseSchedule levels =
        Objects.requireNonNull(ramp).levels(n, low == null ? chain.sigma(0) : low, top(chain));
    return named(chain, levels.endingAt(last(chain, levels.sigma(n - 1))));
  }

  /** Levels of a ramp with integer times, rounded or truncated. */
  private NamedLevels named(Chain chain, NoiseSchedule levels) {
    boolean cosine =
        kind == PublishedClass.DPM_MULTISTEP && betas.curve() == Betas.Curve.SQUAREDCOS_CAP_V2;
    boolean rounded = (ramp == Ramp.KARRAS || lu) && !cosine;
    DoubleUnaryOperator name =
        flow
            ? s -> Math.floor(s / (1 + s) * chain.length())
            : chain.time().andThen(rounded ? Math::rint : Math::floor);
    double[] times = Arrays.stream(levels.sigmas()).limit(levels.steps()).map(name).toArray();
    return NamedLevels.of(levels, times, name);
  }

  private NamedLevels flow(
      Chain chain, int n, double @Nullable [] sigmas, PublishedSettings asked) {
    int length = chain.length();
    double[] plain = sigmas;
    if (plain == null) {
      plain = new double[n];
      // As published to the last bit, on which the whole times of some walks depend.
      double stride = (1. / length - 1) / n;
      Arrays.setAll(
          plain, i -> full ? 1 + i * stride : 1 - (i == 0 ? 1. / length : 1 + (n - i) * stride));
    }
    if (kind != PublishedClass.UNIPC && !shift.exponential() && asked.has("mu")) {
      throw asked.refused("mu", "with a time_shift_type other than exponential");
    }
    boolean unasked = kind != PublishedClass.UNIPC && shift.dynamic() && !asked.has("mu");
    double[] shifted =
        unasked
            ? Arrays.stream(plain)
                .map(new FlowShift(shift.factor(), false, true, null, null)::fixed)
                .toArray()
            : shift.shifted(plain, asked);
    double[] t = Arrays.copyOf(shift.stretched(shifted), n + 1);
    // A time of 1 is nudged to where UniPC's logarithms are finite.
    if (kind == PublishedClass.UNIPC && Math.abs(t[0] - 1) < 1e-6) {
      t[0] -= 1e-6;
    }
    // The classes that end at the chain's first level use that sigma as a time.
    t[n] = last(chain, t[n - 1]);
    if (t[n] > t[n - 1]) {
      throw new IllegalArgumentException(
          "a walk of %s steps would end at time %s, above its previous time %s; use fewer steps"
              .formatted(n, t[n], t[n - 1]));
    }
    NoiseSchedule levels = NoiseSchedule.flow(betas.narrow() ? NamedLevels.narrow(t) : t);
    double[] times = Arrays.stream(t).limit(n).map(v -> Math.floor(v * length)).toArray();
    return NamedLevels.of(levels, times, s -> Math.floor(s / (1 + s) * length));
  }
}
