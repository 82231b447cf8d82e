package glimt.diffusion;

/** The network answered NaN or infinity; the walk stopped there. */
public final class DivergenceException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int step;

  DivergenceException(int step, double sigma) {
    super("the network's answer is not finite at step %d (sigma %s)".formatted(step, sigma));
    this.step = step;
  }

  /** The step, counted from 0. */
  public int step() {
    return step;
  }
}
