package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Map;

/**
 * DPM-Solver-12 and -23 with adaptive step size (Lu et al. 2022a, appendix C; with the controller
 * of k-diffusion, Crowson 2022). The solver takes as many steps between two levels of the schedule
 * as its tolerance requires; with a schedule of two levels it chooses all steps itself. Each step
 * is one attempt: if the two orders differ too much, the sample stays unchanged and the next
 * attempt is shorter.
 *
 * @param order 2 or 3
 * @param relative the relative tolerance, 0.05 in the paper
 * @param absolute the absolute tolerance, 0.0078 in the paper, half a grey level
 * @param first the length of the first attempt in log sigma
 * @param accept the smallest step size factor at which an attempt is accepted
 */
public record AdaptiveDpm(
    int order, double relative, double absolute, double first, double accept) {

  public AdaptiveDpm {
    if ((order != 2 && order != 3) || !(relative > 0 && absolute > 0 && first > 0)) {
      throw new IllegalArgumentException(
          "an adaptive DPM-Solver needs order 2 or 3 and positive tolerances and first step, not %s, %s, %s, %s"
              .formatted(order, relative, absolute, first));
    }
  }

  /** The settings of the paper, of order 3. */
  public static AdaptiveDpm usual() {
    return new AdaptiveDpm(3, 0.05, 0.0078, 0.05, 0.81);
  }

  /** This solver as a sampler. An attempt costs as many network calls as its order. */
  public Sampler sampler() {
    String name = "dpm_adaptive(order=%s, rtol=%s, atol=%s)".formatted(order, relative, absolute);
    return new Sampler(name, 0, this::step);
  }

  private Move step(Step at) {
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now, at.memory());
    }
    double left = Math.log(at.sigma() / at.next());
    double wished = at.memory().numbers().getOrDefault("h", first);
    boolean arrives = wished >= left - 1e-9;
    double h = arrives ? left : wished;
    NDArray before = at.memory().arrays().getOrDefault("low", at.x());
    double r = order == 2 ? 0.5 : 1. / 3;
    NDArray bend = stage(at, now, r * h).slope().sub(now.slope());
    NDArray low = order == 2 ? now.line(at.sigma() * Math.exp(-h)) : second(now, bend, h, r);
    NDArray high = order == 2 ? second(now, bend, h, r) : third(at, now, bend, h);
    double error = error(low, high, before);
    // The controller scales the step that it requested, which may be longer than the step taken.
    double factor = 1 + Math.atan(Math.pow(1 / (error + 1e-8), 1. / order) - 1);
    Map<String, Double> numbers = Map.of("h", wished * factor);
    if (factor < accept) {
      return new Move(at.x(), at.sigma(), now, new Memory(at.memory().arrays(), numbers));
    }
    double reached = arrives ? at.next() : at.sigma() * Math.exp(-h);
    return new Move(high, reached, now, new Memory(Map.of("low", low), numbers));
  }

  /** DPM-Solver-2, Lu et al. 2022a, Algorithm 1, from the change of the slope at r h. */
  private static NDArray second(Estimate now, NDArray bend, double h, double r) {
    double sigma = now.sigma() * Math.exp(-h);
    return now.line(sigma).sub(bend.mul(sigma * Math.expm1(h) / (2 * r)));
  }

  /** DPM-Solver-3, Lu et al. 2022a, Algorithm 2, from the change of the slope at h / 3. */
  private static NDArray third(Step at, Estimate now, NDArray bend, double h) {
    double r = 2. / 3;
    double middle = now.sigma() * Math.exp(-r * h);
    double phi = Math.expm1(r * h) / (r * h) - 1;
    NDArray u2 = now.line(middle).sub(bend.mul(middle * 2 * phi));
    NDArray later = at.estimate(u2, middle).slope().sub(now.slope());
    double sigma = now.sigma() * Math.exp(-h);
    return now.line(sigma).sub(later.mul(sigma / r * (Math.expm1(h) / h - 1)));
  }

  private static Estimate stage(Step at, Estimate now, double h) {
    double sigma = at.sigma() * Math.exp(-h);
    return at.estimate(now.line(sigma), sigma);
  }

  /** The root mean square of the difference in units of the tolerance. */
  private double error(NDArray low, NDArray high, NDArray before) {
    NDArray size = low.abs().maximum(before.abs()).mul(relative);
    NDArray allowed = size.maximum(absolute);
    NDArray off = low.sub(high).div(allowed);
    NDArray mean = off.mul(off).mean().toType(DataType.FLOAT64, false);
    return Math.sqrt(mean.getDouble());
  }
}
