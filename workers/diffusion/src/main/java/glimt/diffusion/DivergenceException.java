package glimt.diffusion;

/** Thrown when a network output or a sample becomes NaN or infinite during a walk. */
public final class DivergenceException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int step;

  DivergenceException(String what, int step, double sigma) {
    super(
        "%s is not finite at step %s (sigma %s); lower the guidance, take more steps or use float32"
            .formatted(what, step, sigma));
    this.step = step;
  }

  /** The index of the step, counted from 0. */
  public int step() {
    return step;
  }
}
