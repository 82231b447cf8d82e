package glimt.diffusion;

import java.util.List;

/**
 * A discrete chain as a card states it: the variances its forward steps add, and what is done to
 * them.
 *
 * @param curve how beta runs from first to last
 * @param length T, the number of levels the network was trained on
 * @param first beta of the first level; unused by curves without ends
 * @param last beta of the last level; unused by curves without ends
 * @param listed every beta, for {@link Curve#LISTED}
 * @param shift what the signal-to-noise ratio is divided by; 1 changes nothing
 * @param zeroTerminalSnr whether the chain is stretched to end without signal (Lin et al. 2023)
 */
public record Betas(
    Curve curve,
    int length,
    double first,
    double last,
    List<Double> listed,
    double shift,
    boolean zeroTerminalSnr) {

  /** The curves, by their names in the field. */
  public enum Curve {
    LINEAR,
    SCALED_LINEAR,
    /** Nichol and Dhariwal's cosine. */
    SQUAREDCOS_CAP_V2,
    SIGMOID,
    /** log SNR distributed as Laplace's law (Hang et al. 2024). */
    LAPLACE,
    /** abar = exp(-12 t). */
    EXP,
    LISTED
  }

  public Betas {
    listed = List.copyOf(listed);
    if (length < 1 || (curve == Curve.LISTED && listed.size() != length)) {
      throw new IllegalArgumentException(
          "a chain of %s levels with %s listed betas".formatted(length, listed.size()));
    }
  }

  /** The chain. */
  public Chain chain() {
    Chain chain =
        switch (curve) {
          case LINEAR -> Chain.linear(length, first, last);
          case SCALED_LINEAR -> Chain.scaledLinear(length, first, last);
          case SQUAREDCOS_CAP_V2 -> Chain.cosine(length, 0.999);
          case SIGMOID -> Chain.sigmoid(length, first, last);
          case LAPLACE -> Chain.laplace(length, 0.999);
          case EXP -> Chain.exponential(length, 0.999);
          case LISTED -> Chain.ofBetas(listed.stream().mapToDouble(b -> b).toArray());
        };
    if (shift != 1) {
      chain = chain.shifted(shift);
    }
    return zeroTerminalSnr ? chain.zeroTerminalSnr() : chain;
  }

  /**
   * The chain for solvers that cannot start from no signal: where the last level has none, its abar
   * is 2^-24.
   */
  public Chain finiteChain() {
    Chain chain = chain();
    double[] abar = new double[length];
    for (int t = 0; t < length; t++) {
      abar[t] = chain.abar(t);
    }
    abar[length - 1] = zeroTerminalSnr ? 0x1p-24 : abar[length - 1];
    return Chain.ofAbar(abar);
  }
}
