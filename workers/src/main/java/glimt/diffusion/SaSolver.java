package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/**
 * SA-Solver, a stochastic Adams method with as much noise as one wants (Xue et al. 2023). Between
 * two levels, with lambda = -ln sigma and k = 1 + tau^2, the variance-controlled SDE has the
 * solution
 *
 * <pre>
 *   x' = exp(-k h) x + int_lambda^lambda' k exp(-k (lambda' - u)) D(u) du
 *        + sigma' sqrt(1 - exp(-2 tau^2 h)) z
 * </pre>
 *
 * in which a polynomial through known answers takes the place of D. The predictor's polynomial goes
 * through past answers, the corrector's also through the one at the predicted sample. A step costs
 * one network call: as in {@link UniPc}, the sample just reached is corrected, with the noise it
 * was predicted with, before the next is predicted.
 */
public final class SaSolver {
  private SaSolver() {}

  private static final String CORRECTED = "corrected";

  /**
   * SA-Solver with data prediction.
   *
   * @param tau 0 is the ODE, 1 the SDE of DDPM
   * @param predictor answers the predictor looks at, 1 to 4
   * @param corrector answers the corrector looks at beside the newest, 0 for no corrector, to 3
   */
  public static Sampler of(double tau, int predictor, int corrector) {
    if (!(tau >= 0) || predictor < 1 || predictor > 4 || corrector < 0 || corrector > 3) {
      throw new IllegalArgumentException(
          "SA-Solver takes tau >= 0, 1 to 4 and 0 to 3 answers, not %s, %s, %s"
              .formatted(tau, predictor, corrector));
    }
    return new Sampler(
        "sa_solver(tau=%s, %s, %s)".formatted(tau, predictor, corrector),
        Math.max(predictor - 1, corrector),
        at -> step(at, tau, predictor, corrector));
  }

  private static Move step(Step at, double tau, int predictor, int corrector) {
    Estimate now = at.now();
    List<Estimate> known = new ArrayList<>(at.past());
    known.addFirst(now);
    NDArray x = at.x();
    NDArray last = at.memory().arrays().get(CORRECTED);
    if (last != null && corrector > 0) {
      // The step that reached this sample again: same noise, one answer more.
      double from = at.past().getFirst().sigma();
      NDArray z = tau == 0 ? last : at.noise().normal(at.x(), at.index() - 1, 0);
      x = adams(last, from, at.sigma(), tau, first(known, corrector + 1), z);
    }
    Memory memory = Memory.of(CORRECTED, x);
    if (at.next() == 0) {
      return at.to(now.line(0), now, memory);
    }
    NDArray z = tau == 0 ? x : at.draw(0);
    return at.to(adams(x, at.sigma(), at.next(), tau, first(known, predictor), z), now, memory);
  }

  private static List<Estimate> first(List<Estimate> known, int count) {
    return known.subList(0, Math.min(count, known.size()));
  }

  /**
   * Xue et al. 2023, eq. 14 and 17: from one level to another by the polynomial through answers.
   */
  private static NDArray adams(
      NDArray x, double sigma, double to, double tau, List<Estimate> answers, NDArray z) {
    double k = 1 + tau * tau;
    double h = Math.log(sigma / to);
    double[] places = new double[answers.size()]; // lambda, counted from where the step ends
    for (int j = 0; j < places.length; j++) {
      places[j] = Math.log(to / answers.get(j).sigma());
    }
    NDArray sum = x.mul(Math.exp(-k * h));
    for (int j = 0; j < places.length; j++) {
      double[] basis = Polynomial.through(places, j);
      double weight = k * (Polynomial.weighted(basis, k, 0) - Polynomial.weighted(basis, k, -h));
      sum = sum.add(answers.get(j).denoised().mul(weight));
    }
    double up = to * Math.sqrt(-Math.expm1(-2 * tau * tau * h));
    return up == 0 ? sum : sum.add(z.mul(up));
  }
}
