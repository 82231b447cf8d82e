package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Ancestral;
import glimt.diffusion.Chain;
import glimt.diffusion.Denoiser;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Sampler;
import glimt.diffusion.Spacing;
import glimt.diffusion.Thresholding;
import glimt.diffusion.Variance;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** The sampling loops of openai/improved-diffusion and openai/guided-diffusion. */
final class OpenAi implements Adapter {

  @Override
  public void run(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape");
    int steps = config.integer("diffusion_steps");
    Chain whole = chain(config.text("beta_schedule"), steps, config);
    int[] map = respacing(config.text("respacing"), steps);
    Chain chain = whole.respaced(map);
    schedule(replay, chain, map);
    boolean scaled = config.flag("rescale_timesteps");
    DoubleUnaryOperator place = chain.time();
    DoubleUnaryOperator time =
        s -> map[(int) Math.rint(place.applyAsDouble(s))] * (scaled ? 1000. / steps : 1);
    Preconditioning terms =
        switch (config.text("model_mean_type")) {
          case "EPSILON" -> Preconditioning.epsilon(time);
          case "START_X" -> Preconditioning.sample(time);
          default -> throw config.unknown("model_mean_type");
        };
    String kind = config.text("model_var_type");
    Variance variance =
        switch (kind) {
          case "FIXED_SMALL" -> Variance.small();
          case "FIXED_LARGE" -> Variance.large();
          case "LEARNED_RANGE" -> Variance.learned();
          default -> throw config.unknown("model_var_type");
        };
    Denoiser denoiser =
        kind.startsWith("LEARNED")
            ? terms.denoiserWithVariance(replay::network)
            : terms.denoiser(replay::network);
    if (config.flag("clip_denoised")) {
      denoiser = denoiser.then(Thresholding.clamped(1));
    }
    boolean guided = config.given("cond_fn");
    if (guided) {
      config.only(Map.of("cond_fn", "gradient g(x,t) = 0.3*(0.5 - x), recorded as event k=cond"));
    }
    double eta = config.number("eta");
    Sampler sampler =
        switch (config.text("method")) {
          case "p_sample_loop" ->
              guided
                  ? Ancestral.ddpm(variance, (z, _) -> gradient(z), last(kind, variance, chain))
                  : Ancestral.ddpm(variance);
          case "ddim_sample_loop" -> Ancestral.ddim(eta);
          default -> throw config.unknown("method");
        };
    if (guided && config.text("method").equals("ddim_sample_loop")) {
      denoiser = denoiser.towards(OpenAi::gradient);
    }
    config.close();
    int n = chain.length();
    NoiseSchedule levels = chain.schedule(IntStream.range(0, n).map(i -> n - 1 - i).toArray(), 0);
    NDArray x = replay.start(1).div(Preconditioning.signal(levels.sigma(0)));
    replay.result(replay.walk(sampler, denoiser, levels, x));
  }

  /**
   * The recorded gradient of the classifier is with respect to z = a x; with respect to x it is a
   * times as large.
   */
  private static NDArray gradient(NDArray x, double sigma) {
    double a = Preconditioning.signal(sigma);
    return gradient(x.mul(a)).mul(a);
  }

  private static NDArray gradient(NDArray z) {
    return z.neg().add(0.5).mul(0.3);
  }

  /**
   * The variance by which a classifier shifts the mean of the last step, although that step adds no
   * noise.
   */
  private static Variance.Last last(String kind, Variance variance, Chain chain) {
    double low = Math.log(chain.posteriorVariance(1));
    double high = Math.log(chain.beta(0));
    return kind.equals("FIXED_SMALL")
        ? now -> now.x().zerosLike()
        : now -> variance.logOfLast(low, high, now).exp();
  }

  static Chain chain(String name, int steps, Settings config) {
    double scale = 1000. / steps;
    return switch (name) {
      case "linear" -> Chain.linear(steps, scale * 1e-4, scale * 0.02);
      case "cosine" -> Chain.cosine(steps, 0.999);
      default -> throw config.unknown("beta_schedule");
    };
  }

  /** Parses "ddimN" or the counts of equal sections. */
  static int[] respacing(String text, int steps) {
    return text.startsWith("ddim")
        ? Spacing.strided(steps, Integer.parseInt(text.substring(4)))
        : Spacing.sections(
            steps, Arrays.stream(text.split(",")).mapToInt(Integer::parseInt).toArray());
  }

  static void schedule(Replay replay, Chain chain, int[] map) {
    int n = chain.length();
    replay
        .schedule("timestep_map", Arrays.stream(map).asDoubleStream().toArray())
        .schedule("betas", each(n, chain::beta))
        .schedule("alphas_cumprod", each(n, chain::abar))
        .schedule("posterior_variance", each(n, chain::posteriorVariance))
        .schedule("posterior_log_variance_clipped", each(n, t -> clipped(chain, t)))
        .schedule("posterior_mean_coef1", each(n, chain::posteriorOfClean))
        .schedule("posterior_mean_coef2", each(n, chain::posteriorOfNoisy));
  }

  /** The variance of t = 0 is 0, so the logarithm is that of t = 1. */
  static double clipped(Chain chain, int t) {
    return Math.log(chain.posteriorVariance(Math.max(t, 1)));
  }

  static double[] each(int n, java.util.function.IntToDoubleFunction value) {
    return IntStream.range(0, n).mapToDouble(value).toArray();
  }
}
