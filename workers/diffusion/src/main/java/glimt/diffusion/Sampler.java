package glimt.diffusion;

/**
 * One step of a solver, from a noise level down to the next.
 *
 * <p>A sampler is an equation and nothing else: no loop, no clock, no randomness of its own, no
 * native memory to free. {@link Trajectory} owns those. To add one, write the equation as a static
 * method from {@link Step} to {@link Move}, give it a name in {@link Samplers}, and the laws test
 * it.
 *
 * @param name how users call it, with its settings; a checkpoint of another name is not resumed
 * @param history how many past estimates the equation looks at
 */
public record Sampler(String name, int history, Equation equation) {

  /** A step as a pure function. */
  @FunctionalInterface
  public interface Equation {
    Move step(Step at);
  }

  public Sampler {
    if (history < 0) {
      throw new IllegalArgumentException("a sampler cannot look back " + history + " estimates");
    }
  }

  public Move step(Step at) {
    return equation.step(at);
  }

  @Override
  public String toString() {
    return name;
  }
}
