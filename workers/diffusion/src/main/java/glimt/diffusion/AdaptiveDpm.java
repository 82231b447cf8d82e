package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Map;

/**
 * DPM-Solver-12 and -23 with adaptive step size (Lu et al. 2022a, appendix C; with the controller
 * and the ancestral noise of k-diffusion, Crowson 2022). The solver takes as many steps between two
 * levels of the schedule as its tolerance requires; with a schedule of two levels it chooses all
 * steps itself. Each step is one attempt: if the two orders differ too much, the sample stays
 * unchanged and the next attempt is shorter.
 *
 * @param order 2 or 3
 * @param relative the relative tolerance, 0.05 in the paper
 * @param absolute the absolute tolerance, 0.0078 in the paper, half a grey level
 * @param first the length of the first attempt in log sigma
 * @param control the controller of the step size
 * @param eta the amount of noise that a step adds, 0 for the ODE; see {@link Ancestral#of}
 */
public record AdaptiveDpm(
    int order, double relative, double absolute, double first, Control control, double eta) {

  /**
   * A PID controller of the step size. With errors e_n in units of the tolerance, an attempt scales
   * the step by f = 1 + atan(b - 1), where
   *
   * <pre>  b = e_n^(-(p + i + d) / k) e_(n-1)^((p + 2 d) / k) e_(n-2)^(-d / k)</pre>
   *
   * and k is the order, or 1.5 for steps with noise.
   *
   * @param p the weight of the error, 0 in the paper
   * @param i the weight of its integral, 1 in the paper
   * @param d the weight of its derivative, 0 in the paper
   * @param accept the smallest f at which an attempt is accepted
   */
  public record Control(double p, double i, double d, double accept) {

    /** The controller of the paper. */
    public static Control usual() {
      return new Control(0, 1, 0, 0.81);
    }
  }

  public AdaptiveDpm {
    if ((order != 2 && order != 3) || !(relative > 0 && absolute > 0 && first > 0 && eta >= 0)) {
      throw new IllegalArgumentException(
          "an adaptive DPM-Solver needs order 2 or 3, positive tolerances and first step, and no negative eta, not %s, %s, %s, %s, %s"
              .formatted(order, relative, absolute, first, eta));
    }
  }

  /** The settings of the paper, of order 3. */
  public static AdaptiveDpm usual() {
    return new AdaptiveDpm(3, 0.05, 0.0078, 0.05, Control.usual(), 0);
  }

  /** This solver as a sampler. An attempt costs as many network calls as its order. */
  public Sampler sampler() {
    boolean plain = control.equals(Control.usual()) && eta == 0;
    String name =
        "dpm_adaptive(order=%s, rtol=%s, atol=%s%s)"
            .formatted(
                order, relative, absolute, plain ? "" : ", %s, eta=%s".formatted(control, eta));
    return new Sampler(name, 0, this::step);
  }

  private Move step(Step at) {
    Estimate now = at.now();
    if (at.next() == 0) {
      return at.to(now.line(0), now, at.memory());
    }
    double left = Math.log(at.sigma() / at.next());
    Map<String, Double> before = at.memory().numbers();
    double wished = before.getOrDefault("h", first);
    boolean arrives = wished >= left - 1e-9;
    double reached = arrives ? at.next() : at.sigma() * Math.exp(-wished);
    double down =
        eta == 0 ? reached : Math.max(at.next(), Ancestral.down(at.sigma(), reached, eta));
    double h = eta == 0 ? (arrives ? left : wished) : Math.log(at.sigma() / down);
    NDArray earlier = at.memory().arrays().getOrDefault("low", at.x());
    double r = order == 2 ? 0.5 : 1. / 3;
    NDArray bend = bend(at, now, r * h);
    NDArray low = order == 2 ? now.line(at.sigma() * Math.exp(-h)) : second(now, bend, h, r);
    NDArray high = order == 2 ? second(now, bend, h, r) : third(at, now, bend, h);
    double right = 1 / (error(low, high, earlier) + 1e-8);
    double last = before.getOrDefault("last", right);
    double older = before.getOrDefault("older", right);
    double k = eta == 0 ? order : 1.5;
    double factor =
        Math.pow(right, (control.p + control.i + control.d) / k)
            * Math.pow(last, -(control.p + 2 * control.d) / k)
            * Math.pow(older, control.d / k);
    factor = 1 + Math.atan(factor - 1);
    // The controller scales the step that it requested, which may be longer than the step taken.
    double next = wished * factor;
    if (factor < control.accept) {
      Map<String, Double> numbers = Map.of("h", next, "last", last, "older", older);
      return new Move(at.x(), at.sigma(), now, new Memory(at.memory().arrays(), numbers));
    }
    Map<String, Double> numbers = Map.of("h", next, "last", right, "older", last);
    double up = Math.sqrt((reached - down) * (reached + down));
    NDArray x = up == 0 ? high : high.add(at.draw(0).mul(up));
    return new Move(x, reached, now, new Memory(Map.of("low", low), numbers));
  }

  /** The change of the slope from here to h further on. */
  static NDArray bend(Step at, Estimate now, double h) {
    double sigma = at.sigma() * Math.exp(-h);
    return at.estimate(now.line(sigma), sigma).slope().sub(now.slope());
  }

  /** DPM-Solver-2, Lu et al. 2022a, Algorithm 1, from the change of the slope at r h. */
  static NDArray second(Estimate now, NDArray bend, double h, double r) {
    double sigma = now.sigma() * Math.exp(-h);
    return now.line(sigma).sub(bend.mul(sigma * Math.expm1(h) / (2 * r)));
  }

  /** DPM-Solver-3, Lu et al. 2022a, Algorithm 2, from the change of the slope at h / 3. */
  static NDArray third(Step at, Estimate now, NDArray bend, double h) {
    double r = 2. / 3;
    double middle = now.sigma() * Math.exp(-r * h);
    double phi = Math.expm1(r * h) / (r * h) - 1;
    NDArray u2 = now.line(middle).sub(bend.mul(middle * 2 * phi));
    NDArray later = at.estimate(u2, middle).slope().sub(now.slope());
    double sigma = now.sigma() * Math.exp(-h);
    return now.line(sigma).sub(later.mul(sigma / r * (Math.expm1(h) / h - 1)));
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
