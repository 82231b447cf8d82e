package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/**
 * The likelihood of data under a model: the terms of the variational bound (Ho et al. 2020, eq. 5;
 * Nichol and Dhariwal 2021, section 2.2) and the density of the probability-flow ODE (Song et al.
 * 2021). Samples are [B, ...] in [-1, 1] with 8 bits per value; terms are [B], in bits per
 * dimension.
 */
public final class Likelihood {
  private Likelihood() {}

  /**
   * The elementwise Kullback-Leibler divergence, in nats, of N(mean1, exp(log1)) from N(mean2,
   * exp(log2)).
   */
  public static NDArray normalDivergence(NDArray mean1, NDArray log1, NDArray mean2, NDArray log2) {
    NDArray apart = mean1.sub(mean2);
    return log2.sub(log1)
        .add(log1.sub(log2).exp())
        .add(apart.mul(apart).mul(log2.neg().exp()))
        .sub(1)
        .div(2);
  }

  /**
   * The log probability, in nats, of the bin (one of 256) that contains x, under N(mean,
   * exp(logScale)^2) (Ho et al. 2020, eq. 13). Half the width of a bin is 1/255; the outermost bins
   * extend to infinity.
   */
  public static NDArray binLogLikelihood(NDArray x, NDArray mean, NDArray logScale) {
    NDArray centred = x.sub(mean);
    NDArray inverse = logScale.neg().exp();
    NDArray above = normalShare(inverse.mul(centred.add(1. / 255)));
    NDArray below = normalShare(inverse.mul(centred.sub(1. / 255)));
    NDArray lowest = x.lt(-0.999).toType(x.getDataType(), false);
    NDArray highest = x.gt(0.999).toType(x.getDataType(), false);
    NDArray middle = lowest.add(highest).neg().add(1);
    return log(above)
        .mul(lowest)
        .add(log(below.neg().add(1)).mul(highest))
        .add(log(above.sub(below)).mul(middle));
  }

  private static NDArray log(NDArray probability) {
    return probability.maximum(1e-12).log();
  }

  /** The standard normal distribution function in the tanh form of Page 1977. */
  private static NDArray normalShare(NDArray x) {
    NDArray cubic = x.mul(x).mul(x).mul(0.044715).add(x);
    return cubic.mul(Math.sqrt(2 / Math.PI)).tanh().add(1).div(2);
  }

  /**
   * L_t of the bound: for t &gt; 0 the divergence of the exact posterior given x0 from the model's
   * step; for t = 0 the negative log probability of the bins of x0. The last step has no posterior
   * variance, so the model's variance is interpolated between that of t = 1 and beta_0 (Nichol and
   * Dhariwal 2021).
   *
   * @param clean x0
   * @param now the estimate at x = x0 + sigma_t n
   * @param variance the variance of the model's steps
   */
  public static NDArray term(Chain chain, int t, NDArray clean, Estimate now, Variance variance) {
    double low = Math.log(chain.posteriorVariance(Math.max(t, 1)));
    double high = Math.log(chain.beta(t));
    NDArray z = now.x().mul(Math.sqrt(chain.abar(t)));
    NDArray mean = mean(chain, t, z, now.denoised());
    NDArray log = t == 0 ? variance.logOfLast(low, high, now) : variance.logBetween(low, high, now);
    if (t == 0) {
      return bits(binLogLikelihood(clean, mean, log.div(2)).neg());
    }
    NDArray exact = z.zerosLike().add(low);
    return bits(normalDivergence(mean(chain, t, z, clean), exact, mean, log));
  }

  private static NDArray mean(Chain chain, int t, NDArray z, NDArray clean) {
    return clean.mul(chain.posteriorOfClean(t)).add(z.mul(chain.posteriorOfNoisy(t)));
  }

  /** L_T: the divergence of the chain's last level from pure noise. */
  public static NDArray prior(Chain chain, NDArray clean) {
    double abar = chain.abar(chain.length() - 1);
    NDArray zero = clean.zerosLike();
    NDArray log = zero.add(Math.log1p(-abar));
    return bits(normalDivergence(clean.mul(Math.sqrt(abar)), log, zero, zero));
  }

  /**
   * The name of the integral, [B], in nats, that {@link #density} keeps in {@link Waypoint#memory}.
   */
  public static final String DENSITY = "density";

  /**
   * Integrates the probability-flow ODE together with the log density (Song et al. 2021, eq. 39),
   * in a walk along {@link NoiseSchedule#rising()} levels, with the classical Runge-Kutta method in
   * u = ln sigma:
   *
   * <pre>
   *   dx/du = x - D(x; sigma),  log p(x at the bottom) = log p(x at the top) + int v.(v - dD/dx v) du
   * </pre>
   *
   * The trace is Hutchinson's estimate with a probe v, and dD/dx v is a central difference. A step
   * costs 12 network calls. The memory of the last waypoint holds the integral as {@link #DENSITY}.
   *
   * @param probe v, with independent elements of mean 0 and variance 1, of the shape of the sample
   */
  public static Sampler density(NDArray probe) {
    return new Sampler("density", 0, at -> density(at, probe));
  }

  private record Rate(Estimate seen, NDArray x, NDArray density) {}

  private static Move density(Step at, NDArray probe) {
    double h = Math.log(at.next() / at.sigma());
    double middle = Math.sqrt(at.sigma() * at.next());
    Rate one = rate(at, at.x(), at.sigma(), probe);
    Rate two = rate(at, at.x().add(one.x().mul(h / 2)), middle, probe);
    Rate three = rate(at, at.x().add(two.x().mul(h / 2)), middle, probe);
    Rate four = rate(at, at.x().add(three.x().mul(h)), at.next(), probe);
    NDArray x = one.x().add(two.x().add(three.x()).mul(2)).add(four.x()).mul(h / 6);
    NDArray density =
        one.density().add(two.density().add(three.density()).mul(2)).add(four.density()).mul(h / 6);
    NDArray before = at.memory().arrays().get(DENSITY);
    NDArray all = before == null ? density : density.add(before);
    return at.to(at.x().add(x), one.seen(), Memory.of(DENSITY, all));
  }

  private static Rate rate(Step at, NDArray x, double sigma, NDArray probe) {
    // About the cube root of the type's precision balances rounding errors and the curvature of D.
    double small = (x.getDataType() == DataType.FLOAT32 ? 1e-3 : 6e-6) * Math.hypot(1, sigma);
    NDArray offset = x.zerosLike().add(probe).mul(small);
    NDArray ahead = at.estimate(x.add(offset), sigma).denoised();
    NDArray behind = at.estimate(x.sub(offset), sigma).denoised();
    NDArray along = offset.div(small).sub(ahead.sub(behind).div(2 * small)).mul(probe);
    Estimate now = at.estimate(x, sigma);
    NDArray trace = along.reshape(x.getShape().get(0), -1).sum(new int[] {1});
    return new Rate(now, x.sub(now.denoised()), trace);
  }

  /** Converts nats of each element to bits per dimension of each sample, [B]. */
  private static NDArray bits(NDArray nats) {
    return nats.reshape(nats.getShape().get(0), -1).mean(new int[] {1}).div(Math.log(2));
  }
}
