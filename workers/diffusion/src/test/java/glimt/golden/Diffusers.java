package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.diffusion.Ancestral;
import glimt.diffusion.Chain;
import glimt.diffusion.Consistency;
import glimt.diffusion.Course;
import glimt.diffusion.Denoiser;
import glimt.diffusion.DpmSolver;
import glimt.diffusion.Multistep;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import glimt.diffusion.Singlestep;
import glimt.diffusion.Spacing;
import glimt.diffusion.Thresholding;
import glimt.diffusion.UniPc;
import glimt.diffusion.Variance;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Schedulers of huggingface/diffusers. */
final class Diffusers implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape", "scheduler_config");
    String scheduler = config.text("scheduler");
    Settings scheme = settings(config);
    int steps = config.given("num_inference_steps") ? config.integer("num_inference_steps") : 0;
    Settings set = config.settings("set_timesteps");
    Settings step = config.settings("step");
    switch (scheduler) {
      case "DDIMScheduler", "CogVideoXDDIMScheduler" ->
          ddim(scheduler, scheme, step, steps, replay);
      case "DDPMScheduler" -> ddpm(scheme, steps, replay);
      case "EulerDiscreteScheduler" -> sigmas(scheme, steps, replay, RungeKutta.euler(), false);
      case "EulerAncestralDiscreteScheduler" ->
          sigmas(scheme, steps, replay, Ancestral.of(RungeKutta.euler(), 1, 1), false);
      case "HeunDiscreteScheduler" -> sigmas(scheme, steps, replay, RungeKutta.heun(), true);
      case "LMSDiscreteScheduler" -> sigmas(scheme, steps, replay, Multistep.lms(4), false);
      case "DPMSolverMultistepScheduler",
          "DPMSolverSinglestepScheduler",
          "UniPCMultistepScheduler" ->
          solver(scheduler, scheme, steps, replay);
      case "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler" -> edm(scheme, steps, replay);
      case "FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler" ->
          flow(scheduler, scheme, set, steps, replay);
      case "PNDMScheduler" -> pndm(scheme, steps, replay);
      case "LCMScheduler" -> lcm(scheme, steps, replay);
      case "CMStochasticIterativeScheduler" -> consistency(scheme, set, steps, replay);
      default -> throw config.unknown("scheduler");
    }
    set.close();
    step.close();
    scheme.close();
    config.close();
  }

  /**
   * The scheduler's configuration with the defaults of diffusers filled in, where the case has not.
   */
  static Settings settings(Settings config) {
    if (config.has("scheduler_config_full")) {
      return config.settings("scheduler_config_full");
    }
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    String scheduler = config.text("scheduler");
    if (scheduler.startsWith("FlowMatch")) {
      all.put("num_train_timesteps", 1000).put("shift", 1.0);
    } else {
      all.put("num_train_timesteps", 1000).put("beta_start", 1e-4).put("beta_end", 0.02);
      all.put("beta_schedule", "linear");
      boolean leading =
          Set.of("DDIMScheduler", "DDPMScheduler", "PNDMScheduler").contains(scheduler);
      all.put("timestep_spacing", leading ? "leading" : "linspace");
      if (scheduler.equals("DPMSolverMultistepScheduler")) {
        all.put("use_karras_sigmas", false).put("use_flow_sigmas", false).put("flow_shift", 1.0);
      }
    }
    all.setAll((ObjectNode) config.json("scheduler_config"));
    return new Settings("scheduler_config", all);
  }

  /** Time steps and levels alone, without a walk. */
  static void times(Settings config, JsonNode json, Replay replay) {
    config.ignore("library");
    Settings scheme = settings(config);
    int steps = config.integer("num_inference_steps");
    Settings set = config.settings("set_timesteps");
    String scheduler = config.text("scheduler");
    switch (scheduler) {
      case "DDIMScheduler", "DDPMScheduler" -> {
        Chain chain = chain(scheme);
        double[] times = wide(times(scheme, chain.length(), steps));
        checked(replay, chain, times).schedule("init_noise_sigma", 1);
        replay.result(times);
      }
      case "EulerDiscreteScheduler" -> replay.result(compareGrid(scheme, steps, replay));
      case "FlowMatchEulerDiscreteScheduler" -> {
        double[] t = flowLevels(scheme, set, steps);
        int length = scheme.integer("num_train_timesteps");
        replay
            .schedule("sigmas", t)
            .schedule("timesteps", Arrays.stream(t).limit(steps).map(v -> v * length).toArray());
        replay.result(t);
      }
      case "DPMSolverMultistepScheduler", "UniPCMultistepScheduler" ->
          replay.result(solverWalk(scheduler, scheme, steps, replay).levels().sigmas());
      default -> throw config.unknown("scheduler");
    }
    set.close();
    scheme.ignore("timestep_spacing", "use_karras_sigmas", "use_flow_sigmas", "flow_shift").close();
    config.close();
  }

  /** Compares the levels of Euler's scheduler. */
  static double[] compareGrid(Settings scheme, int steps, Replay replay) {
    Chain chain = finite(scheme);
    Grid grid = grid(scheme, chain, steps);
    replay
        .scheduleAt("alphas_cumprod_at", chain::abar)
        .schedule("timesteps", grid.times().stream().mapToDouble(Double::doubleValue).toArray())
        .schedule("sigmas", grid.levels().sigmas())
        .schedule("init_noise_sigma", grid.scale());
    return grid.levels().sigmas();
  }

  /** Compares the levels of flow matching. */
  static double[] compareFlow(Settings scheme, int steps, Replay replay) {
    Settings none = new Settings("set_timesteps", JsonNodeFactory.instance.objectNode());
    double[] t = flowLevels(scheme, none, steps);
    int length = scheme.integer("num_train_timesteps");
    replay
        .schedule("sigmas", t)
        .schedule("timesteps", Arrays.stream(t).limit(steps).map(v -> v * length).toArray());
    return t;
  }

  // ---- The chain and the network.

  static Chain chain(Settings scheme) {
    scheme.only(Map.of("trained_betas", "null"));
    int length = scheme.integer("num_train_timesteps");
    double first = scheme.number("beta_start");
    double last = scheme.number("beta_end");
    Chain chain =
        switch (scheme.text("beta_schedule")) {
          case "linear" -> Chain.linear(length, first, last);
          case "scaled_linear" -> Chain.scaledLinear(length, first, last);
          case "squaredcos_cap_v2" -> Chain.cosine(length, 0.999);
          case "sigmoid" -> Chain.sigmoid(length, first, last);
          default -> throw scheme.unknown("beta_schedule");
        };
    if (scheme.has("snr_shift_scale")) {
      chain = chain.shifted(scheme.number("snr_shift_scale"));
    }
    return scheme.flag("rescale_betas_zero_snr", false) ? chain.zeroTerminalSnr() : chain;
  }

  /** The chain of schedulers that cannot start from no signal: the last abar is 2^-24 instead. */
  private static Chain finite(Settings scheme) {
    Chain chain = chain(scheme);
    double[] abar = IntStream.range(0, chain.length()).mapToDouble(chain::abar).toArray();
    if (abar[abar.length - 1] == 0) {
      abar[abar.length - 1] = 0x1p-24;
    }
    return Chain.ofAbar(abar);
  }

  private static Preconditioning preconditioning(Settings scheme, DoubleUnaryOperator time) {
    return switch (scheme.text("prediction_type")) {
      case "epsilon" -> Preconditioning.epsilon(time);
      case "v_prediction" -> Preconditioning.velocity(time);
      case "sample" -> Preconditioning.sample(time);
      case "flow_prediction" -> Preconditioning.flow(time);
      default -> throw scheme.unknown("prediction_type");
    };
  }

  /** Thresholding takes precedence over clipping. */
  private static Denoiser kept(Settings scheme, Denoiser denoiser) {
    boolean clip = scheme.flag("clip_sample", false);
    double range = scheme.number("clip_sample_range", 1);
    double ratio = scheme.number("dynamic_thresholding_ratio", 0.995);
    double most = scheme.number("sample_max_value", 1);
    if (scheme.flag("thresholding", false)) {
      return denoiser.then(Thresholding.dynamic(ratio, most));
    }
    return clip ? denoiser.then(Thresholding.clamped(range)) : denoiser;
  }

  private static int[] times(Settings scheme, int length, int steps) {
    int offset = (int) scheme.number("steps_offset", 0);
    return switch (scheme.text("timestep_spacing")) {
      case "leading" -> Spacing.leading(length, steps, offset);
      case "trailing" -> Spacing.trailing(length, steps);
      case "linspace" -> Spacing.rounded(Spacing.linspace(length, steps));
      default -> throw scheme.unknown("timestep_spacing");
    };
  }

  private static double[] wide(int[] times) {
    return Arrays.stream(times).asDoubleStream().toArray();
  }

  private static Replay checked(Replay replay, Chain chain, double[] times) {
    return replay.scheduleAt("alphas_cumprod_at", chain::abar).schedule("timesteps", times);
  }

  /** From a variance-preserving sample into these coordinates and, after the walk, back. */
  private static NDArray walkVp(
      Replay replay, Sampler sampler, Denoiser denoiser, NoiseSchedule levels) {
    NDArray x = replay.array("x_init").div(Preconditioning.signal(levels.sigma(0)));
    NDArray end = replay.walk(sampler, denoiser, levels, x);
    return end.mul(Preconditioning.signal(levels.sigma(levels.steps())));
  }

  // ---- Schedulers in a chain's whole time steps.

  private static void ddim(
      String scheduler, Settings scheme, Settings step, int steps, Replay replay) {
    Chain chain = chain(scheme);
    int[] times = times(scheme, chain.length(), steps);
    checked(replay, chain, wide(times)).schedule("init_noise_sigma", 1);
    double last = scheme.flag("set_alpha_to_one") ? 0 : chain.sigma(0);
    double eta = step.number("eta", 0);
    step.only(Map.of("use_clipped_model_output", true));
    Denoiser denoiser = preconditioning(scheme, chain.time()).denoiser(replay::network);
    if (scheduler.startsWith("CogVideoX")) {
      scheme.ignore("clip_sample", "clip_sample_range", "sample_max_value"); // it never clips
    } else {
      denoiser = kept(scheme, denoiser);
    }
    NoiseSchedule levels = chain.schedule(times, last);
    replay.result(walkVp(replay, Ancestral.ddim(eta), denoiser, levels));
  }

  private static void ddpm(Settings scheme, int steps, Replay replay) {
    Chain chain = chain(scheme);
    int[] times = times(scheme, chain.length(), steps);
    checked(replay, chain, wide(times)).schedule("init_noise_sigma", 1);
    Preconditioning terms = preconditioning(scheme, chain.time());
    String kind = scheme.text("variance_type");
    Variance variance =
        switch (kind) {
          case "fixed_small", "fixed_small_log" -> Variance.small();
          case "fixed_large" -> Variance.large();
          case "learned_range" -> Variance.learned();
          default -> throw scheme.unknown("variance_type");
        };
    Denoiser denoiser =
        kind.equals("learned_range")
            ? terms.denoiserWithVariance(replay::network)
            : terms.denoiser(replay::network);
    NoiseSchedule levels = chain.schedule(times, 0);
    replay.result(walkVp(replay, Ancestral.ddpm(variance), kept(scheme, denoiser), levels));
  }

  private static void pndm(Settings scheme, int steps, Replay replay) {
    Chain chain = chain(scheme);
    int[] times = times(scheme, chain.length(), steps);
    double last = scheme.flag("set_alpha_to_one") ? 0 : chain.sigma(0);
    boolean plms = scheme.flag("skip_prk_steps");
    replay
        .scheduleAt("alphas_cumprod_at", chain::abar)
        .schedule("timesteps", plms ? plmsTimes(times) : prkTimes(times))
        .schedule("init_noise_sigma", 1);
    DoubleUnaryOperator time = chain.time();
    Sampler sampler =
        plms
            ? Multistep.plms()
            : Multistep.pndm(
                (s, next) -> chain.sigma((time.applyAsDouble(s) + time.applyAsDouble(next)) / 2));
    Denoiser denoiser = preconditioning(scheme, time).denoiser(replay::network);
    replay.result(walkVp(replay, sampler, denoiser, chain.schedule(times, last)));
  }

  /**
   * The times in the order of the network calls: Heun's method first, which asks twice at the
   * second.
   */
  private static double[] plmsTimes(int[] times) {
    return IntStream.range(0, times.length + 1)
        .mapToDouble(i -> times[i < 2 ? i : i - 1])
        .toArray();
  }

  /** Three steps of Runge and Kutta: start, middle twice, end. */
  private static double[] prkTimes(int[] times) {
    DoubleStream first =
        IntStream.range(0, 3)
            .mapToObj(
                i -> new double[] {times[i], middle(times, i), middle(times, i), times[i + 1]})
            .flatMapToDouble(Arrays::stream);
    return DoubleStream.concat(first, Arrays.stream(times).skip(3).asDoubleStream()).toArray();
  }

  private static double middle(int[] times, int i) {
    return (times[i] + times[i + 1]) / 2.;
  }

  private static void lcm(Settings scheme, int steps, Replay replay) {
    Chain chain = chain(scheme);
    scheme
        .only(Map.of("set_alpha_to_one", true, "steps_offset", 0))
        .ignore("timestep_spacing"); // its times are those of the distillation
    int origin = scheme.integer("original_inference_steps");
    int stride = chain.length() / origin;
    int[] times =
        IntStream.range(0, steps)
            .map(i -> (int) Math.floor((double) i * origin / steps))
            .map(i -> (origin - i) * stride - 1)
            .toArray();
    checked(replay, chain, wide(times)).schedule("init_noise_sigma", 1);
    Denoiser denoiser =
        preconditioning(scheme, chain.time())
            .latentConsistency(scheme.number("timestep_scaling"), 0.5)
            .denoiser(replay::network);
    if (scheme.flag("clip_sample") || scheme.flag("thresholding")) {
      throw scheme.unknown("clip_sample"); // clips x0 before the boundary condition
    }
    scheme.ignore("clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value");
    replay.result(walkVp(replay, Consistency.of(0), denoiser, chain.schedule(times, 0)));
  }

  // ---- Schedulers in sigma.

  private static void sigmas(
      Settings scheme, int steps, Replay replay, Sampler sampler, boolean twice) {
    Chain chain = finite(scheme);
    Grid grid = grid(scheme, chain, steps);
    double[] times = grid.times().stream().mapToDouble(Double::doubleValue).toArray();
    replay
        .scheduleAt("alphas_cumprod_at", chain::abar)
        .schedule("timesteps", twice ? twice(times, 0) : times)
        .schedule("sigmas", twice ? twice(grid.levels().sigmas(), 1) : grid.levels().sigmas())
        .schedule("init_noise_sigma", grid.scale());
    DoubleUnaryOperator time = grid.levels().naming(times);
    Denoiser denoiser = kept(scheme, preconditioning(scheme, time).denoiser(replay::network));
    replay.result(replay.walk(sampler, denoiser, grid.levels(), replay.array("x_init")));
  }

  /** Heun's schedulers list a value for each network call: the first once, the last ones once. */
  private static double[] twice(double[] values, int once) {
    return IntStream.range(0, values.length)
        .boxed()
        .flatMapToDouble(
            i ->
                i == 0 || i >= values.length - once
                    ? DoubleStream.of(values[i])
                    : DoubleStream.of(values[i], values[i]))
        .toArray();
  }

  /** The levels of a walk, the network's names for them, and the first state over unit noise. */
  private record Grid(List<Double> times, NoiseSchedule levels, double scale) {}

  private static Grid grid(Settings scheme, Chain chain, int steps) {
    scheme.only(
        Map.of(
            "interpolation_type", "linear",
            "use_beta_sigmas", false,
            "sigma_min", "null",
            "sigma_max", "null",
            "timestep_type", "discrete",
            "final_sigmas_type", "zero"));
    String spacing = scheme.text("timestep_spacing");
    double[] times =
        spacing.equals("linspace")
            ? Spacing.linspace(chain.length(), steps)
            : wide(times(scheme, chain.length(), steps));
    scheme.ignore("steps_offset");
    NoiseSchedule levels = chain.schedule(times);
    boolean karras = scheme.flag("use_karras_sigmas", false);
    boolean exponential = scheme.flag("use_exponential_sigmas", false);
    if (karras || exponential) {
      double low = levels.sigma(steps - 1);
      double high = levels.sigma(0);
      levels =
          karras
              ? NoiseSchedule.karras(steps, low, high, 7)
              : NoiseSchedule.exponential(steps, low, high);
      times = Arrays.stream(levels.sigmas()).limit(steps).map(chain.time()).toArray();
    }
    double top = levels.sigma(0);
    return new Grid(
        Arrays.stream(times).boxed().toList(),
        levels,
        spacing.equals("leading") ? Math.hypot(1, top) : top);
  }

  // ---- DPM-Solver and UniPC.

  /** Levels, the network's names for them, and what a first sample is divided by. */
  private record Walk(NoiseSchedule levels, List<Double> times, double scale) {}

  private static Walk solverWalk(String scheduler, Settings scheme, int steps, Replay replay) {
    Chain chain = finite(scheme);
    NoiseSchedule levels;
    double[] times;
    double scale;
    if (scheme.flag("use_flow_sigmas")) {
      double[] t = flowTimes(scheduler, steps, scheme, chain.length());
      replay.schedule("sigmas", t);
      levels = NoiseSchedule.flow(t);
      times = Arrays.stream(t).limit(steps).map(v -> Math.floor(v * chain.length())).toArray();
      scale = 1 - t[0];
    } else {
      times = wide(solverTimes(scheme, chain, steps));
      levels = solverLevels(scheme, chain, steps, times);
      replay.schedule("sigmas", levels.sigmas());
      if (scheme.flag("use_karras_sigmas")) {
        times =
            Arrays.stream(levels.sigmas()).limit(steps).map(chain.time()).map(Math::rint).toArray();
      }
      scale = Preconditioning.signal(levels.sigma(0));
    }
    checked(replay, chain, times).schedule("init_noise_sigma", 1);
    return new Walk(levels, Arrays.stream(times).boxed().toList(), scale);
  }

  private static void solver(String scheduler, Settings scheme, int steps, Replay replay) {
    Walk walk = solverWalk(scheduler, scheme, steps, replay);
    NoiseSchedule levels = walk.levels();
    scheme
        .only(
            Map.of(
                "use_exponential_sigmas", false,
                "use_beta_sigmas", false,
                "use_lu_lambdas", false,
                "use_dynamic_shifting", false,
                "euler_at_final", false,
                "variance_type", "null",
                "solver_p", "null",
                "sigma_min", "null",
                "sigma_max", "null"))
        .only(Map.of("shift_terminal", "null", "predict_x0", true, "disable_corrector", ""))
        .ignore("time_shift_type", "flow_shift", "timestep_spacing", "steps_offset")
        .ignore("use_karras_sigmas");
    Sampler sampler =
        switch (scheduler) {
          case "DPMSolverMultistepScheduler" -> multistep(scheme, steps);
          case "DPMSolverSinglestepScheduler" -> singlestep(scheme, steps);
          default -> unipc(scheme);
        };
    DoubleUnaryOperator time =
        levels.naming(walk.times().stream().mapToDouble(Double::doubleValue).toArray());
    Denoiser denoiser = kept(scheme, preconditioning(scheme, time).denoiser(replay::network));
    boolean flow = scheme.flag("use_flow_sigmas");
    NDArray end = replay.walk(sampler, denoiser, levels, replay.array("x_init").div(walk.scale()));
    double last = levels.sigma(steps);
    replay.result(end.mul(flow ? 1 / (1 + last) : Preconditioning.signal(last)));
  }

  private static int[] solverTimes(Settings scheme, Chain chain, int steps) {
    int length = chain.length();
    int[] times =
        switch (scheme.text("timestep_spacing", "linspace")) {
          case "linspace" -> Spacing.rounded(Spacing.linspace(length, steps + 1));
          case "leading" ->
              Spacing.leading(length, steps + 1, (int) scheme.number("steps_offset", 0));
          case "trailing" -> Spacing.trailing(length, steps);
          default -> throw scheme.unknown("timestep_spacing");
        };
    return Arrays.copyOf(times, steps);
  }

  private static NoiseSchedule solverLevels(
      Settings scheme, Chain chain, int steps, double[] times) {
    double low = chain.sigma(0);
    double last = last(scheme, low);
    if (scheme.flag("use_karras_sigmas")) {
      return ended(NoiseSchedule.karras(steps, low, chain.sigma(chain.length() - 1), 7), last);
    }
    return ended(chain.schedule(times), last);
  }

  private static double last(Settings scheme, double low) {
    return switch (scheme.text("final_sigmas_type", "zero")) {
      case "zero" -> 0;
      case "sigma_min" -> low;
      default -> throw scheme.unknown("final_sigmas_type");
    };
  }

  private static NoiseSchedule ended(NoiseSchedule levels, double last) {
    double[] sigmas = levels.sigmas();
    sigmas[sigmas.length - 1] = last;
    return NoiseSchedule.of(sigmas);
  }

  /** UniPC starts at 1, nudged to where its logarithms are finite; DPM-Solver stops one short. */
  private static double[] flowTimes(String scheduler, int steps, Settings scheme, int length) {
    double shift = scheme.number("flow_shift");
    boolean unipc = scheduler.startsWith("UniPC");
    double[] times = new double[steps + 1];
    for (int i = 0; i < steps; i++) {
      double way = (double) i / steps * (1 - 1. / length);
      times[i] = shifted(unipc ? 1 - way : 1 - 1. / length - way, shift);
    }
    if (times[0] == 1) {
      times[0] -= 1e-6;
    }
    times[steps] = last(scheme, times[steps - 1]);
    return times;
  }

  private static double shifted(double t, double shift) {
    return shift * t / (1 + (shift - 1) * t);
  }

  private static Sampler multistep(Settings scheme, int steps) {
    int order = scheme.integer("solver_order");
    int tail = scheme.flag("lower_order_final") && steps < 15 ? order : 0;
    DpmSolver.Second second =
        switch (scheme.text("solver_type")) {
          case "midpoint" -> DpmSolver.Second.MIDPOINT;
          case "heun" -> DpmSolver.Second.EXACT;
          default -> throw scheme.unknown("solver_type");
        };
    return switch (scheme.text("algorithm_type")) {
      case "dpmsolver++" -> DpmSolver.data("golden", order, tail, 0, second);
      case "sde-dpmsolver++" -> DpmSolver.data("golden", order, tail, 1, second);
      case "dpmsolver" -> DpmSolver.noise("golden", order, tail, 0, second);
      case "sde-dpmsolver" -> DpmSolver.noise("golden", order, tail, 1, second);
      default -> throw scheme.unknown("algorithm_type");
    };
  }

  private static Sampler singlestep(Settings scheme, int steps) {
    scheme.only(Map.of("lower_order_final", true));
    int[] groups = Singlestep.groups(scheme.integer("solver_order"), steps);
    if (scheme.text("final_sigmas_type").equals("zero") && groups[groups.length - 1] > 1) {
      int last = groups.length; // the step to 0 is a group of its own
      groups = Arrays.copyOf(groups, last + 1);
      groups[last - 1]--;
      groups[last] = 1;
    }
    Singlestep.Of of =
        switch (scheme.text("algorithm_type")) {
          case "dpmsolver++" -> Singlestep.Of.DATA;
          case "dpmsolver" -> Singlestep.Of.NOISE;
          default -> throw scheme.unknown("algorithm_type");
        };
    scheme.only(Map.of("solver_type", "midpoint"));
    return Singlestep.of("golden", of, groups);
  }

  private static Sampler unipc(Settings scheme) {
    int order = scheme.integer("solver_order");
    int tail = scheme.flag("lower_order_final") ? order : 0;
    return UniPc.of(
        order,
        tail,
        switch (scheme.text("solver_type")) {
          case "bh1" -> UniPc.B.BH1;
          case "bh2" -> UniPc.B.BH2;
          default -> throw scheme.unknown("solver_type");
        });
  }

  // ---- EDM, flow matching, consistency.

  private static void edm(Settings scheme, int steps, Replay replay) {
    double low = scheme.number("sigma_min");
    double high = scheme.number("sigma_max");
    double rho = scheme.number("rho");
    NoiseSchedule levels =
        switch (scheme.text("sigma_schedule")) {
          case "karras" -> NoiseSchedule.karras(steps, low, high, rho);
          case "exponential" -> NoiseSchedule.exponential(steps, low, high);
          default -> throw scheme.unknown("sigma_schedule");
        };
    levels = ended(levels, last(scheme, low));
    Preconditioning edm = Preconditioning.edm(scheme.number("sigma_data"));
    replay
        .schedule("sigmas", levels.sigmas())
        .schedule(
            "timesteps", Arrays.stream(levels.sigmas()).limit(steps).map(edm::noise).toArray())
        .schedule("init_noise_sigma", Math.hypot(1, high));
    scheme
        .ignore("num_train_timesteps")
        .only(Map.of("prediction_type", "epsilon", "euler_at_final", false));
    Sampler sampler = scheme.has("solver_order") ? multistep(scheme, steps) : RungeKutta.euler();
    Denoiser denoiser = kept(scheme, edm.denoiser(replay::network));
    replay.result(replay.walk(sampler, denoiser, levels, replay.array("x_init")));
  }

  private static void flow(
      String scheduler, Settings scheme, Settings set, int steps, Replay replay) {
    boolean heun = scheduler.contains("Heun");
    double[] t = flowLevels(scheme, set, steps);
    int length = scheme.integer("num_train_timesteps");
    double[] times = Arrays.stream(t).limit(steps).map(v -> v * length).toArray();
    replay
        .schedule("sigmas", heun ? twice(t, 1) : t)
        .schedule("timesteps", heun ? twice(times, 0) : times);
    NoiseSchedule levels = NoiseSchedule.flow(t);
    Denoiser denoiser = Preconditioning.flow(levels.naming(times)).denoiser(replay::network);
    boolean stochastic = scheme.flag("stochastic_sampling", false);
    Sampler sampler =
        heun
            ? RungeKutta.heun(Course.flow(), 1)
            : stochastic ? Consistency.of(0) : RungeKutta.euler();
    NDArray x = replay.array("x_init").mul(1 + levels.sigma(0));
    replay.result(replay.walk(sampler, denoiser, levels, x));
  }

  static double[] flowLevels(Settings scheme, Settings set, int steps) {
    scheme
        .only(
            Map.of(
                "invert_sigmas", false,
                "shift_terminal", "null",
                "use_karras_sigmas", false,
                "use_exponential_sigmas", false,
                "use_beta_sigmas", false))
        .ignore("base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len");
    int length = scheme.integer("num_train_timesteps");
    double shift = scheme.number("shift");
    boolean dynamic = scheme.flag("use_dynamic_shifting", false);
    double lowest = dynamic ? 1. / length : shifted(1. / length, shift);
    double mu = dynamic ? set.number("mu") : 0;
    String kind = scheme.text("time_shift_type", "exponential");
    double[] t = new double[steps + 1];
    for (int i = 0; i < steps; i++) {
      double plain = steps == 1 ? 1 : 1 + (lowest - 1) * i / (steps - 1);
      t[i] =
          !dynamic
              ? shifted(plain, shift)
              : switch (kind) {
                case "exponential" -> shifted(plain, Math.exp(mu));
                case "linear" -> shifted(plain, mu);
                default -> throw scheme.unknown("time_shift_type");
              };
    }
    return t;
  }

  private static void consistency(Settings scheme, Settings set, int steps, Replay replay) {
    int length = scheme.integer("num_train_timesteps");
    double low = scheme.number("sigma_min");
    double high = scheme.number("sigma_max");
    double[] ramp = NoiseSchedule.karras(length, low, high, scheme.number("rho")).sigmas();
    scheme.only(Map.of("s_noise", 1.0));
    double[] places =
        set.has("timesteps")
            ? set.numbers("timesteps")
            : IntStream.range(0, steps)
                .mapToDouble(i -> (steps - 1 - i) * (length / steps))
                .toArray();
    double[] sigmas = new double[places.length + 1];
    for (int i = 0; i < places.length; i++) {
      sigmas[i] = ramp[(int) places[places.length - 1 - i]];
    }
    sigmas[places.length] = low;
    replay.schedule("sigmas", sigmas).schedule("init_noise_sigma", high);
    DoubleUnaryOperator time = s -> 250 * Math.log(s + 1e-44);
    replay.schedule("timesteps", Arrays.stream(sigmas).limit(places.length).map(time).toArray());
    Denoiser denoiser =
        Preconditioning.consistency(scheme.number("sigma_data"), low, time)
            .denoiser(replay::network);
    if (scheme.flag("clip_denoised")) {
      denoiser = denoiser.then(Thresholding.clamped(1));
    }
    NoiseSchedule levels = NoiseSchedule.of(sigmas);
    replay.result(replay.walk(Consistency.of(low), denoiser, levels, replay.array("x_init")));
  }
}
