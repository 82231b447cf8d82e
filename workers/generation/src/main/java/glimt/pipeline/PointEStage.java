package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import glimt.diffusion.Chain;
import glimt.diffusion.Churn;
import glimt.diffusion.Denoiser;
import glimt.diffusion.Estimate;
import glimt.diffusion.Guidance;
import glimt.diffusion.NoiseSchedule;
import glimt.diffusion.Preconditioning;
import glimt.diffusion.Prediction;
import glimt.diffusion.RungeKutta;
import glimt.diffusion.Sampler;
import java.util.List;

/**
 * One of the two stages in which Point-E makes a cloud (Nichol et al. 2022): Heun's method on the
 * levels of Karras et al. 2022. Clouds are [B, points, 6], positions then colours.
 *
 * @param chain that the network was trained on
 * @param points that the stage makes
 * @param guidance 0 and 1 are none
 * @param steps of two evaluations each, but for the last
 * @param churn S_churn
 * @param scales of the channels: the network's units are the world's times these, plus biases
 * @param biases of the channels
 */
public record PointEStage(
    Chain chain,
    int points,
    double guidance,
    int steps,
    double sigmaMin,
    double sigmaMax,
    double churn,
    List<Double> scales,
    List<Double> biases) {
  private static final int CHANNELS = 6;
  private static final double RHO = 7;

  /** Positions in metres, of clouds within a cube of side 1; colours of 0 to 255. */
  private static final List<Double> SCALES =
      List.of(2., 2., 2., 0.007843137255, 0.007843137255, 0.007843137255);

  private static final List<Double> BIASES = List.of(0., 0., 0., -1., -1., -1.);

  /** The first stage as published. */
  public static final PointEStage BASE =
      new PointEStage(cosine(1024), 1024, 3, 64, 1e-3, 120, 3, SCALES, BIASES);

  /** The second stage as published, for text; an image guides it by 3. */
  public static final PointEStage REFINED =
      new PointEStage(linear(1024), 3072, 0, 64, 1e-3, 160, 0, SCALES, BIASES);

  public PointEStage {
    scales = List.copyOf(scales);
    biases = List.copyOf(biases);
  }

  /** The chain of first stages. */
  public static Chain cosine(int length) {
    return Chain.cosine(length, 0.999);
  }

  /**
   * The chain of second stages: the betas of Ho et al. 2020, whose thousand levels it stretches.
   */
  public static Chain linear(int length) {
    return Chain.linear(length, 0.1 / length, 20. / length);
  }

  /** Whether the network is asked for both halves of a batch, the second without conditions. */
  public boolean guided() {
    return guidance != 0 && guidance != 1;
  }

  /** The same under another guidance. */
  public PointEStage guided(double otherwise) {
    return new PointEStage(
        chain, points, otherwise, steps, sigmaMin, sigmaMax, churn, scales, biases);
  }

  /** The noise levels of the walk. */
  public NoiseSchedule levels() {
    return NoiseSchedule.karras(steps, sigmaMin, sigmaMax, RHO);
  }

  public Sampler sampler() {
    return new Churn(churn, 0, Double.POSITIVE_INFINITY, 1).before(RungeKutta.heun());
  }

  /**
   * D(x; sigma), each guess clipped and then guided.
   *
   * @param network answers [B, points, 12]; where it is {@link #guided}, to an input of 2 B rows,
   *     whose second half is to be taken as unconditional
   */
  public Denoiser denoiser(Prediction network) {
    Preconditioning terms = Preconditioning.epsilonOfWholeTimes(chain);
    return (x, sigma, _) -> {
      NDArray both = guided() ? NDArrays.concat(new NDList(x, x)) : x;
      NDArray answer = network.predict(terms.input(both, sigma), terms.noise(sigma));
      NDArray noise = answer.get(":, :, :" + CHANNELS);
      NDArray guess = terms.denoised(both, sigma, noise).clip(-1, 1);
      if (guided()) {
        NDList halves = guess.split(2);
        guess = Guidance.scale(guidance).guide(halves.get(0), halves.get(1));
      }
      return new Estimate(sigma, x, guess);
    };
  }

  /** A cloud of the network's units in those of the world. */
  public NDArray world(NDArray cloud) {
    return cloud.sub(channels(cloud, biases)).div(channels(cloud, scales));
  }

  private static NDArray channels(NDArray like, List<Double> values) {
    return like.getManager()
        .create(values.stream().mapToDouble(Double::doubleValue).toArray())
        .toType(like.getDataType(), false);
  }
}
