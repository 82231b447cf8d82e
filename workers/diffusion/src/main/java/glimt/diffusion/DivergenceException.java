package glimt.diffusion;

/** Something became NaN or infinite; the walk stopped there. */
public final class DivergenceException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int step;

  DivergenceException(String what, int step, double sigma) {
    super("%s is not finite at step %s (sigma %s)".formatted(what, step, sigma));
    this.step = step;
  }

  /** The step, counted from 0. */
  public int step() {
    return step;
  }
}
