package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.diffusion.Ancestral;
import glimt.diffusion.Chain;
import glimt.diffusion.Denoiser;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Thresholding;
import glimt.diffusion.Variance;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Two DDPM implementations: lucidrains/video-diffusion-pytorch for videos and
 * luost26/diffusion-point-cloud for clouds.
 */
final class Posterior {
  private Posterior() {}

  static void video(Settings config, JsonNode json, Replay replay) {
    config
        .ignore("library", "shape")
        .only(
            Map.of(
                "schedule",
                "cosine (alpha_bar computed then divided by alpha_bar(0); betas clipped to"
                    + " 0.9999)"));
    Chain chain = Chain.cosine(config.integer("timesteps"), 0.9999);
    replay
        .schedule("betas", OpenAi.each(chain.length(), chain::beta))
        .schedule("alphas_cumprod", OpenAi.each(chain.length(), chain::abar));
    double quantile = config.number("dynamic_thres_percentile");
    boolean dynamic = config.flag("use_dynamic_thres");
    Denoiser denoiser =
        Preconditioning.epsilon(chain.time())
            .denoiser(Imagen.guided(replay, config.number("cond_scale")))
            .then(
                dynamic
                    ? Thresholding.dynamic(quantile, Double.POSITIVE_INFINITY)
                    : Thresholding.clamped(1));
    config.close();
    replay.result(walk(replay, chain, denoiser, Variance.small()).add(1).div(2));
  }

  static void cloud(Settings config, JsonNode json, Replay replay) {
    config.ignore("library", "shape", "layout");
    int n = config.integer("num_steps");
    Chain chain = Chain.linear(n, config.number("beta_1"), config.number("beta_T"));
    double flexibility = config.number("flexibility");
    config.close();
    replay.drawsFirst();
    // The tables of the reference begin with padding for t = 0.
    replay
        .schedule("betas", padded(n, 0, chain::beta))
        .schedule("alpha_bars", padded(n, 1, chain::abar))
        .schedule("sigmas", padded(n, 0, t -> width(chain, t, flexibility)));
    java.util.function.DoubleUnaryOperator place = chain.time();
    Denoiser denoiser =
        Preconditioning.epsilon(s -> chain.beta((int) Math.rint(place.applyAsDouble(s))))
            .denoiser(replay::network);
    replay.result(walk(replay, chain, denoiser, Variance.mixed(flexibility)));
  }

  private static double width(Chain chain, int t, double flexibility) {
    return Math.sqrt(chain.beta(t)) * flexibility
        + Math.sqrt(chain.posteriorVariance(t)) * (1 - flexibility);
  }

  private static double[] padded(
      int n, double first, java.util.function.IntToDoubleFunction value) {
    return IntStream.rangeClosed(0, n)
        .mapToDouble(t -> t == 0 ? first : value.applyAsDouble(t - 1))
        .toArray();
  }

  private static NDArray walk(Replay replay, Chain chain, Denoiser denoiser, Variance variance) {
    int n = chain.length();
    NoiseSchedule levels = chain.schedule(IntStream.range(0, n).map(i -> n - 1 - i).toArray(), 0);
    NDArray x = replay.start(1).div(Preconditioning.signal(levels.sigma(0)));
    return replay.walk(Ancestral.ddpm(variance), denoiser, levels, x);
  }
}
