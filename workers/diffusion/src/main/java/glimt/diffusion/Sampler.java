package glimt.diffusion;

import java.util.function.DoubleUnaryOperator;

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

  /**
   * This sampler with every draw multiplied by {@code scale}: S_noise of Karras et al. 2022,
   * Algorithm 2, which is 1 in theory and a little more in practice.
   */
  public Sampler noise(double scale) {
    if (!(scale >= 0) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException("noise cannot be scaled by " + scale);
    }
    return scale == 1
        ? this
        : new Sampler("%s(noise=%s)".formatted(name, scale), history, at -> step(at.louder(scale)));
  }

  /**
   * This sampler with one more step that jumps from its last level to the guess there
   * ("denoise_to_zero", Lu et al. 2022b's code): for schedules with 0 after the last level that
   * this sampler itself walks to.
   */
  public Sampler thenToZero() {
    return new Sampler(
        name + "(then to zero)",
        history,
        at -> at.next() == 0 ? RungeKutta.euler().step(at) : step(at.withoutLast()));
  }

  /**
   * This sampler in a walk whose steps do not arrive where the next begins. A variance-preserving
   * sample that is at level {@code lands} is handed on as if it were at the schedule's next one, as
   * DDIM does when its steps are of equal length and its schedule's are not (Song et al. 2021's
   * code and everyone's since):
   *
   * <pre>  x' = x_lands a(lands) / a(sigma'),  a = 1 / sqrt(1 + sigma^2)</pre>
   *
   * @param lands where a step from a level arrives
   */
  public Sampler landing(DoubleUnaryOperator lands) {
    return new Sampler(
        name + "(landing)",
        history,
        at -> {
          double there = lands.applyAsDouble(at.sigma());
          Move move = step(at.towards(there));
          if (there == at.next()) {
            return move;
          }
          double scale = Preconditioning.signal(there) / Preconditioning.signal(at.next());
          return at.to(move.x().mul(scale), move.seen(), move.memory());
        });
  }

  @Override
  public String toString() {
    return name;
  }
}
