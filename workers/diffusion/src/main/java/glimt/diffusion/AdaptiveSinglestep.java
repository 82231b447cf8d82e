package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Map;

/**
 * DPM-Solver-12 and -23 with the authors' step size controller (Lu et al. 2022a, appendix C): a
 * step is accepted if two orders of {@link Singlestep} agree, and their difference determines the
 * length of the next step. The error is measured on variance-preserving samples. The solver takes
 * as many steps between two levels of the schedule as its tolerance requires; with a schedule of
 * two levels it chooses all steps itself. {@link AdaptiveDpm} combines the same solvers with
 * k-diffusion's controller.
 *
 * @param of the quantity that is expanded
 * @param form the weights of the network calls
 * @param order 2 or 3, the higher of the two orders
 * @param relative the relative tolerance, 0.05 in the paper
 * @param absolute the absolute tolerance, 0.0078 in the paper
 * @param first the length of the first attempt in log sigma, 0.05 in the paper
 * @param caution the safety factor by which steps are shortened, 0.9 in the paper
 */
public record AdaptiveSinglestep(
    Singlestep.Expanded of,
    Singlestep.Form form,
    int order,
    double relative,
    double absolute,
    double first,
    double caution) {

  public AdaptiveSinglestep {
    if ((order != 2 && order != 3) || !(relative > 0 && absolute > 0 && first > 0)) {
      throw new IllegalArgumentException(
          "an adaptive DPM-Solver needs order 2 or 3 and positive tolerances and first step, not %s, %s, %s, %s"
              .formatted(order, relative, absolute, first));
    }
  }

  /** The settings of the paper, of order 3. */
  public static AdaptiveSinglestep usual() {
    return new AdaptiveSinglestep(
        Singlestep.Expanded.DATA, Singlestep.Form.PAPER, 3, 0.05, 0.0078, 0.05, 0.9);
  }

  /** This solver as a sampler. An attempt costs as many network calls as its order. */
  public Sampler sampler() {
    String name =
        "dpm_solver_adaptive(%s, %s, order=%s, rtol=%s, atol=%s)"
            .formatted(of, form, order, relative, absolute);
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
    double to = arrives ? at.next() : at.sigma() * Math.exp(-h);
    NDArray before =
        at.memory().arrays().getOrDefault("low", at.x().mul(Preconditioning.signal(at.sigma())));
    boolean exact = form == Singlestep.Form.EXACT;
    double r = order == 2 ? 0.5 : 1. / 3;
    Estimate near = at.estimate(now.line(between(at, r * h)), between(at, r * h));
    NDArray second = Singlestep.bent(of, now, near, to, !exact);
    NDArray low = order == 2 ? now.line(to) : second;
    NDArray high = order == 2 ? second : third(at, now, near, to, 2 * r * h, exact);
    double signal = Preconditioning.signal(to);
    double error = error(low.mul(signal), high.mul(signal), before);
    double longer = caution * h * Math.pow(error, -1. / order);
    if (error > 1) {
      return new Move(
          at.x(), at.sigma(), now, new Memory(at.memory().arrays(), Map.of("h", longer)));
    }
    Memory memory = new Memory(Map.of("low", low.mul(signal)), Map.of("h", longer));
    return new Move(high, to, now, memory);
  }

  private NDArray third(
      Step at, Estimate now, Estimate near, double to, double reach, boolean exact) {
    double middle = between(at, reach);
    Estimate far = at.estimate(Singlestep.bent(of, now, near, middle, false), middle);
    return exact
        ? Singlestep.bent(of, now, near, far, to)
        : Singlestep.bent(of, now, far, to, false);
  }

  private static double between(Step at, double h) {
    return at.sigma() * Math.exp(-h);
  }

  /** The root mean square of the difference in units of the tolerance; the largest of the batch. */
  private double error(NDArray low, NDArray high, NDArray before) {
    NDArray allowed = low.abs().maximum(before.abs()).mul(relative).maximum(absolute);
    NDArray off = high.sub(low).div(allowed);
    NDArray rows = off.mul(off).reshape(off.getShape().get(0), -1).mean(new int[] {1});
    return Math.sqrt(rows.max().toType(DataType.FLOAT64, false).getDouble());
  }
}
