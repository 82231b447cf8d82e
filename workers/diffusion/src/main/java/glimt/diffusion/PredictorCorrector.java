package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/**
 * Predictor-corrector sampling of a reverse SDE, Song et al. 2021, Algorithms 2 and 3. At each of n
 * equally spaced times, the corrector moves the sample by Langevin dynamics at constant noise
 * level, and then the predictor takes one step back in time. The last step returns its mean without
 * noise.
 *
 * @param sde the SDE that is reversed
 * @param steps n; the schedule must be {@link Sde#schedule} for the same n
 * @param end the last time, slightly above 0
 */
public record PredictorCorrector(Sde sde, int steps, double end) {

  /** The method of a step back in time. */
  public enum Predictor {
    /** Song et al. 2021, eq. 46: the forward step's own discretisation, reversed. */
    REVERSE_DIFFUSION,
    /** DDPM's step for VP (eq. 4) and its analogue for VE (eq. 47), in the form with the score. */
    ANCESTRAL,
    /** The Euler-Maruyama method. */
    EULER_MARUYAMA,
    /** The Euler method on the probability-flow ODE, eq. 13, discretised as REVERSE_DIFFUSION. */
    PROBABILITY_FLOW,
    /** No step. */
    NONE
  }

  /** Moves a sample at constant noise level. */
  @FunctionalInterface
  public interface Corrector {
    /** Returns the step with the corrected sample; {@code time} is between 0 and 1. */
    Step correct(Step at, double time);
  }

  /**
   * The sampler with this predictor and corrector.
   *
   * @param correctorName the name of the corrector, which becomes part of the sampler's name
   */
  public Sampler sampler(Predictor predictor, Corrector corrector, String correctorName) {
    return new Sampler(
        "%s-%s(%s, %s steps)".formatted(predictor, correctorName, sde.name(), steps),
        0,
        at -> step(at, predictor, corrector));
  }

  /** No corrector. */
  public Corrector uncorrected() {
    return (at, _) -> at;
  }

  /**
   * Langevin dynamics with a step size from the signal-to-noise ratio, Song et al. 2021, Algorithms
   * 4 and 5, in z:
   *
   * <pre>
   *   epsilon = 2 alpha (snr |n| / |score|)^2,  z' = z + epsilon score + sqrt(2 epsilon) n
   * </pre>
   *
   * with norms averaged over the batch, and alpha = 1 - beta_i for VP, 1 for the other SDEs.
   *
   * @param snr the signal-to-noise ratio
   * @param times the number of corrections per step
   */
  public Corrector langevin(double snr, int times) {
    return (at, time) -> {
      Step here = at;
      for (int k = 0; k < times; k++) {
        NDArray score = score(here.now(), time);
        NDArray n = at.draw(1 + k);
        double ratio = snr * norm(n) / norm(score);
        here = moved(here, score, n, 2 * ratio * ratio * share(at), time);
      }
      return here;
    };
  }

  /**
   * Annealed Langevin dynamics with a step size from the noise level, Song and Ermon 2019: {@link
   * #langevin} with epsilon = 2 alpha (snr s(t))^2.
   *
   * @param snr the signal-to-noise ratio
   * @param times the number of corrections per step
   */
  public Corrector annealed(double snr, int times) {
    return (at, time) -> {
      Step here = at;
      for (int k = 0; k < times; k++) {
        NDArray score = score(here.now(), time);
        double ratio = snr * sde.deviation(time);
        here = moved(here, score, at.draw(1 + k), 2 * ratio * ratio * share(at), time);
      }
      return here;
    };
  }

  private Move step(Step at, Predictor predictor, Corrector corrector) {
    double time = Sde.time(at.index(), steps, end);
    Step here = corrector.correct(at, time);
    if (predictor == Predictor.NONE) {
      // The scale is that of the next level from here on; the estimate is the corrected sample
      // itself.
      NDArray z = here.x().mul(sde.mean(time));
      return at.to(unscaled(at, z), new Estimate(at.sigma(), here.x(), here.x()));
    }
    Estimate now = here.now();
    NDArray z = now.x().mul(sde.mean(time));
    NDArray score = score(now, time);
    int i = steps - 1 - at.index();
    double g = sde.stepDiffusion(i, steps);
    double f = sde.stepDrift(i, steps);
    NDArray mean =
        switch (predictor) {
          case REVERSE_DIFFUSION -> z.mul(1 - f).add(score.mul(g * g));
          case PROBABILITY_FLOW -> z.mul(1 - f).add(score.mul(g * g / 2));
          case ANCESTRAL -> z.add(score.mul(g * g)).div(1 + f);
          default -> {
            double rate = sde.diffusion(time);
            g = rate / Math.sqrt(steps);
            yield z.mul(1 - sde.drift(time) / steps).add(score.mul(rate * rate / steps));
          }
        };
    if (predictor == Predictor.PROBABILITY_FLOW || at.remaining() == 0) {
      return at.to(unscaled(at, mean), now);
    }
    if (predictor == Predictor.ANCESTRAL && sde instanceof Sde.VarianceExploding ve) {
      g = Ancestral.up(ve.level(i, steps), ve.level(i - 1, steps));
    }
    return at.to(unscaled(at, mean.add(at.draw(0).mul(g))), now);
  }

  /** Converts z to x at the time of the next step; the result of the last step stays in z. */
  private NDArray unscaled(Step at, NDArray z) {
    return at.remaining() == 0 ? z : z.div(sde.mean(Sde.time(at.index() + 1, steps, end)));
  }

  /** The gradient of the log density of z: (D - x) / (sigma^2 mean). */
  private NDArray score(Estimate now, double time) {
    return now.slope().div(-now.sigma() * sde.mean(time));
  }

  private Step moved(Step at, NDArray score, NDArray n, double epsilon, double time) {
    NDArray move = score.mul(epsilon).add(n.mul(Math.sqrt(2 * epsilon)));
    return at.from(at.x().add(move.div(sde.mean(time))), at.sigma());
  }

  private double share(Step at) {
    return sde instanceof Sde.VariancePreserving vp
        ? 1 - vp.stepBeta(steps - 1 - at.index(), steps)
        : 1;
  }

  /** The Euclidean norm of each sample, averaged over the batch. */
  private static double norm(NDArray array) {
    NDArray rows = array.reshape(array.getShape().get(0), -1).toType(DataType.FLOAT64, false);
    return rows.mul(rows).sum(new int[] {1}).sqrt().mean().getDouble();
  }
}
