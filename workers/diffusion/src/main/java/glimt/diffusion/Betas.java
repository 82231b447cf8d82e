package glimt.diffusion;

import java.util.List;

/**
 * The parameters of a discrete chain: the variances beta that its forward steps add, and the
 * modifications of the resulting signal-to-noise ratio.
 *
 * @param curve the curve of beta from first to last
 * @param length T, the number of noise levels that the network was trained on
 * @param first beta of the first level; unused by curves without ends
 * @param last beta of the last level; unused by curves without ends
 * @param listed every beta, for {@link Curve#LISTED}
 * @param shift the divisor of the signal-to-noise ratio; 1 changes nothing
 * @param zeroTerminalSnr whether the chain is rescaled so that its last level has no signal (Lin et
 *     al. 2023)
 * @param narrow whether the chain is computed in 32 bits, as diffusers does
 */
public record Betas(
    Curve curve,
    int length,
    double first,
    double last,
    List<Double> listed,
    double shift,
    boolean zeroTerminalSnr,
    boolean narrow) {

  /** The curves, named as in diffusers. */
  public enum Curve {
    /** Equally spaced betas. */
    LINEAR,
    /** Equally spaced square roots of beta. */
    SCALED_LINEAR,
    /** Nichol and Dhariwal's cosine. */
    SQUAREDCOS_CAP_V2,
    /** Betas along a logistic curve. */
    SIGMOID,
    /** A Laplace distribution of log SNR (Hang et al. 2024). */
    LAPLACE,
    /** abar = exp(-12 t). */
    EXP,
    /** Betas that are listed individually. */
    LISTED
  }

  public Betas {
    listed = List.copyOf(listed);
    if (length < 1 || (curve == Curve.LISTED && listed.size() != length)) {
      throw new IllegalArgumentException(
          "a chain of %s levels needs as many listed betas, not %s"
              .formatted(length, listed.size()));
    }
  }

  /** These parameters for a chain that is computed in 32 bits. */
  public Betas inSinglePrecision() {
    return new Betas(curve, length, first, last, listed, shift, zeroTerminalSnr, true);
  }

  /** The chain with these parameters. */
  public Chain chain() {
    if (narrow && shift == 1) {
      float[] betas = narrowBetas();
      return Chain.narrow(
          NarrowTables.abar(zeroTerminalSnr ? NarrowTables.withoutTerminalSignal(betas) : betas));
    }
    Chain chain = wide();
    if (shift != 1) {
      chain = chain.shifted(shift);
    }
    return zeroTerminalSnr ? chain.zeroTerminalSnr() : chain;
  }

  private float[] narrowBetas() {
    if (curve == Curve.LINEAR) {
      return NarrowTables.spaced(first, last, length);
    }
    float[] betas = new float[length];
    float[] roots = NarrowTables.spaced(Math.sqrt(first), Math.sqrt(last), length);
    Chain wide = wide();
    for (int t = 0; t < length; t++) {
      betas[t] = curve == Curve.SCALED_LINEAR ? roots[t] * roots[t] : (float) wide.beta(t);
    }
    return betas;
  }

  private Chain wide() {
    return switch (curve) {
      case LINEAR -> Chain.linear(length, first, last);
      case SCALED_LINEAR -> Chain.scaledLinear(length, first, last);
      case SQUAREDCOS_CAP_V2 -> Chain.cosine(length, 0.999);
      case SIGMOID -> Chain.sigmoid(length, first, last);
      case LAPLACE -> Chain.laplace(length, 0.999);
      case EXP -> Chain.exponential(length, 0.999);
      case LISTED -> Chain.ofBetas(listed.stream().mapToDouble(b -> b).toArray());
    };
  }

  /**
   * The chain for solvers that cannot start from a level without signal: with zero terminal SNR,
   * abar of the last level is 2^-24 instead of 0.
   */
  public Chain finiteChain() {
    return zeroTerminalSnr ? chain().withLast(0x1p-24) : chain();
  }
}
