package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.function.DoubleUnaryOperator;

/**
 * A sampler, defined by the equation of its step from one noise level to the next.
 *
 * <p>A sampler consists of the equation only; {@link Trajectory} contains the loop, manages native
 * memory and handles interruption, and draws come from {@link Draw}. To add a sampler, write its
 * equation as a static method from {@link Step} to {@link Move} and register it in {@link
 * Samplers}; the tests of common laws then cover it.
 *
 * @param name the name of the sampler with its settings; only a sampler of the same name resumes a
 *     checkpoint
 * @param history the number of past estimates that the equation uses
 * @param equation the equation of a step
 */
public record Sampler(String name, int history, Equation equation) {

  /** The equation of a step, a pure function. */
  @FunctionalInterface
  public interface Equation {
    /** Computes the sample at the end of a step. */
    Move step(Step at);
  }

  public Sampler {
    if (history < 0) {
      throw new IllegalArgumentException("a sampler cannot use " + history + " past estimates");
    }
  }

  /** Takes one step. */
  public Move step(Step at) {
    return equation.step(at);
  }

  /**
   * This sampler with every draw multiplied by {@code scale}: S_noise of Karras et al. 2022,
   * Algorithm 2, which is 1 in theory and slightly larger in practice.
   */
  public Sampler noise(double scale) {
    if (!(scale >= 0) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException(
          "the scale of the noise must be finite and not negative, not " + scale);
    }
    return scale == 1
        ? this
        : new Sampler("%s(noise=%s)".formatted(name, scale), history, at -> step(at.louder(scale)));
  }

  /**
   * This sampler with an additional last step that jumps to the denoised sample ("denoise_to_zero"
   * in the code of Lu et al. 2022b), for schedules with an additional 0 at the end.
   */
  public Sampler thenToZero() {
    return new Sampler(
        name + "(then to zero)",
        history,
        at -> at.next() == 0 ? RungeKutta.euler().step(at) : step(at.withoutLast()));
  }

  /**
   * This sampler in a walk that ends early, with its estimate of the clean sample as the result,
   * once that settles: the estimates D of two successive steps differ by less than {@code
   * tolerance}, relative to the later one and as the root of their mean square, and there is less
   * noise than signal:
   *
   * <pre>  |D - D_before| &lt; tolerance |D|,  sigma &lt; |D| / sqrt(n)</pre>
   *
   * The second condition is there because D is the mean of all samples while noise prevails, which
   * changes as little as a finished sample does. Lo Cicero Vaina et al. 2023, "Diffusion language
   * models generation can be halted early", halt walks over words by what changes between two
   * steps; this is the same for values. A batch ends as a whole.
   *
   * @param tolerance above 0
   */
  public Sampler settling(double tolerance) {
    if (!(tolerance > 0)) {
      throw new IllegalArgumentException("a tolerance must be above 0, not " + tolerance);
    }
    return new Sampler(
        "%s(settling=%s)".formatted(name, tolerance),
        Math.max(1, history),
        at -> {
          Move move = step(at);
          Estimate seen = move.seen();
          double size = norm(seen.denoised());
          return !at.past().isEmpty()
                  && seen.sigma() * Math.sqrt((double) seen.denoised().size()) < size
                  && norm(seen.denoised().sub(at.past().getFirst().denoised())) < tolerance * size
              ? new Move(seen.denoised().duplicate(), 0, seen, Memory.NOTHING, true)
              : move;
        });
  }

  private static double norm(NDArray values) {
    return Math.sqrt(values.square().sum().toType(DataType.FLOAT64, false).getDouble());
  }

  /**
   * This sampler in a walk whose steps do not end where the next begins. A variance-preserving
   * sample at level {@code lands} is treated as if it were at the schedule's next level, as DDIM
   * implementations do if their steps have equal length but the schedule's levels are not equally
   * spaced (since the code of Song et al. 2021):
   *
   * <pre>  x' = x_lands a(lands) / a(sigma'),  a = 1 / sqrt(1 + sigma^2)</pre>
   *
   * @param lands maps a level to the level at which a step from it ends
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
