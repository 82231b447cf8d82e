package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * SA-Solver, a stochastic Adams method with a selectable amount of noise (Xue et al. 2023). Between
 * two levels, with lambda = -ln sigma and k = 1 + tau^2, the variance-controlled SDE has the
 * solution
 *
 * <pre>
 *   x' = exp(-k h) x + int_lambda^lambda' k exp(-k (lambda' - u)) D(u) du
 *        + sigma' sqrt(1 - exp(-2 tau^2 h)) z                                             data
 *   x' = x - int_lambda^lambda' k exp(-u) n(u) du + tau sigma' sqrt(exp(2 h) - 1) z       noise
 * </pre>
 *
 * in which D, or the noise n, is replaced by a polynomial through known predictions. The
 * predictor's polynomial uses past predictions, the corrector's also that at the predicted sample.
 * A step costs one network call: as in {@link UniPc}, the current sample is corrected, with the
 * same noise as in its prediction, before the next is predicted.
 *
 * @param of the quantity that is expanded
 * @param tau maps a noise level to the amount of noise: 0 is the ODE, 1 the SDE of DDPM
 * @param tauName the description of tau in the sampler's name
 * @param predictor the number of predictions that the predictor uses, 1 to 4
 * @param corrector the number of predictions that the corrector uses, including the newest, 1 to 4,
 *     or 0 for no corrector
 * @param falling whether both use fewer predictions towards the end, down to one
 * @param slope the weight of the slope through two predictions
 */
public record SaSolver(
    UniPc.Interpolated of,
    DoubleUnaryOperator tau,
    String tauName,
    int predictor,
    int corrector,
    boolean falling,
    Slope slope) {

  private static final String CORRECTED = "corrected";

  /** The weight of the slope of a line through two predictions of data. */
  public enum Slope {
    /** The integral, (k h - 1 + exp(-k h)) / k. */
    INTEGRAL,
    /**
     * k h^2 / 2, the first term of the integral: for walks of few steps (the authors' code, section
     * 4.2).
     */
    LEADING
  }

  public SaSolver {
    if (predictor < 1 || predictor > 4 || corrector < 0 || corrector > 4) {
      throw new IllegalArgumentException(
          "SA-Solver's predictor uses 1 to 4 predictions and its corrector 0 to 4, not %s and %s"
              .formatted(predictor, corrector));
    }
  }

  /**
   * SA-Solver with data prediction.
   *
   * @param tau 0 is the ODE, 1 the SDE of DDPM
   * @param predictor the number of predictions that the predictor uses, 1 to 4
   * @param corrector the number of predictions that the corrector uses besides the newest, 1 to 3,
   *     or 0 for no corrector
   */
  public static Sampler of(double tau, int predictor, int corrector) {
    if (!(tau >= 0)) {
      throw new IllegalArgumentException("tau must not be negative, but is " + tau);
    }
    int with = corrector == 0 ? 0 : corrector + 1;
    SaSolver solver =
        new SaSolver(
            UniPc.Interpolated.DATA,
            _ -> tau,
            Double.toString(tau),
            predictor,
            with,
            false,
            Slope.INTEGRAL);
    return new Sampler(
        "sa_solver(tau=%s, %s, %s)".formatted(tau, predictor, corrector),
        solver.history(),
        solver::step);
  }

  /** This solver as a sampler. A step costs one network call. */
  public Sampler sampler() {
    String name =
        "sa_solver(tau %s, predictor=%s, corrector=%s%s%s%s)"
            .formatted(
                tauName,
                predictor,
                corrector,
                of == UniPc.Interpolated.DATA ? "" : ", noise",
                falling ? ", falling" : "",
                slope == Slope.INTEGRAL ? "" : ", leading");
    return new Sampler(name, history(), this::step);
  }

  private int history() {
    return Math.max(Math.max(predictor, corrector), corrector > 0 ? 2 : 1) - 1;
  }

  private Move step(Step at) {
    Estimate now = at.now();
    List<Estimate> known = new ArrayList<>(at.past());
    known.addFirst(now);
    NDArray x = at.x();
    NDArray last = at.memory().arrays().get(CORRECTED);
    if (last != null && corrector > 0) {
      // Repeats the previous step with the same noise and one more prediction.
      double from = at.past().getFirst().sigma();
      int used = Math.min(corrector, falling ? at.remaining() + 3 : corrector);
      x = adams(at, last, from, at.sigma(), first(known, used), -1);
    }
    Memory memory = Memory.of(CORRECTED, x);
    if (at.next() == 0) {
      return at.to(now.line(0), now, memory);
    }
    int used = Math.min(predictor, falling ? at.remaining() + 1 : predictor);
    return at.to(adams(at, x, at.sigma(), at.next(), first(known, used), 0), now, memory);
  }

  private static List<Estimate> first(List<Estimate> known, int count) {
    return known.subList(0, Math.min(count, known.size()));
  }

  /**
   * Xue et al. 2023, eq. 14 and 17: integrates the polynomial through the predictions from one
   * level to another.
   *
   * @param step the offset of the step whose noise is used, relative to the current step
   */
  private NDArray adams(
      Step at, NDArray x, double sigma, double to, List<Estimate> answers, int step) {
    if (to == sigma) {
      return x.duplicate();
    }
    double t = tau.applyAsDouble(sigma);
    double k = 1 + t * t;
    double h = Math.log(sigma / to);
    boolean data = of == UniPc.Interpolated.DATA;
    double[] places = new double[answers.size()]; // lambda, counted from where the step ends
    for (int j = 0; j < places.length; j++) {
      places[j] = Math.log(to / answers.get(j).sigma());
    }
    NDArray sum = data ? x.mul(Math.exp(-k * h)) : x;
    for (int j = 0; j < places.length; j++) {
      double[] basis = Polynomial.through(places, j);
      // int exp(-u) du with u = lambda' + v and exp(-lambda') = sigma'
      double power = data ? k : -1;
      double weight =
          k * (Polynomial.weighted(basis, power, 0) - Polynomial.weighted(basis, power, -h));
      if (data && places.length == 2 && slope == Slope.LEADING) {
        double extra = k * h * h / 2 - (k * h - 1 + Math.exp(-k * h)) / k;
        weight += extra / (places[j] - places[1 - j]);
      }
      NDArray answer = of.of(answers.get(j));
      sum = sum.add(answer.mul(data ? weight : -to * weight));
    }
    double up =
        to * (data ? Math.sqrt(-Math.expm1(-2 * t * t * h)) : t * Math.sqrt(Math.expm1(2 * h)));
    return up == 0 ? sum : sum.add(at.noise().normal(at.x(), at.index() + step, 0).mul(up));
  }
}
