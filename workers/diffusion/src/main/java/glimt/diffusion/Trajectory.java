package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Walks a sample along a noise schedule. This class contains the loop over steps, handles
 * interruption and observation, keeps the history between steps and manages the native memory of
 * each step.
 *
 * <pre>{@code
 * Trajectory walk = new Trajectory(Samplers.named("dpmpp_2m"), denoiser, noise.draws(0, region));
 * try (Waypoint end = walk.on(walk.start(schedule, noise.start(...), "clips@sha256"), observer)) {
 *   use(end.x());
 * }
 * }</pre>
 *
 * @param sampler the equation of the steps
 * @param denoiser the denoiser D
 * @param noise the source of the draws of stochastic samplers
 */
public record Trajectory(Sampler sampler, Denoiser denoiser, Draw noise) {

  /**
   * The start of a walk from pure noise: x = sigma_0 n.
   *
   * @param noise standard normals, [B, ...], float32 or float64; all arrays of the walk have the
   *     same type and manager
   * @param model identifies the model in checkpoints; only the same model resumes them
   */
  public Waypoint start(NoiseSchedule schedule, NDArray noise, String model) {
    return at(schedule, noise.mul(schedule.sigma(0)), model);
  }

  /**
   * The start of a walk from a clean sample: x = x0 + sigma_0 n. With {@link NoiseSchedule#late}
   * this is image-to-image or video-to-video.
   *
   * @param clean the clean sample x0, [B, ...]
   * @param noise standard normals of the same shape
   */
  public Waypoint start(NoiseSchedule schedule, NDArray clean, NDArray noise, String model) {
    if (!clean.getShape().equals(noise.getShape())) {
      throw new IllegalArgumentException(
          "the noise has shape " + noise.getShape() + ", but the sample " + clean.getShape());
    }
    return at(schedule, clean.add(noise.mul(schedule.sigma(0))), model);
  }

  /**
   * The start of a walk from a sample that already contains noise of the schedule's first level.
   */
  public Waypoint at(NoiseSchedule schedule, NDArray x, String model) {
    return new Waypoint(
        sampler.name(), model, schedule, 0, 0, schedule.sigma(0), x, List.of(), Memory.NOTHING);
  }

  /**
   * Walks from a waypoint to the end of its schedule, or until the observer stops the walk.
   *
   * @param from the start, or a saved waypoint; it is not changed and the caller still closes it
   * @return the last waypoint, in the manager of {@code from}'s sample; the caller closes it
   * @throws InterruptedException if the thread is interrupted; the walk stops between two steps
   * @throws DivergenceException if a network output or a sample is NaN or infinite
   * @throws IllegalArgumentException if {@code from} belongs to another sampler, or the denoiser
   *     returns another shape or type
   */
  public Waypoint on(Waypoint from, Observer observer) throws InterruptedException {
    if (!from.sampler().equals(sampler.name())) {
      throw new IllegalArgumentException(
          "the checkpoint is of sampler %s, not %s".formatted(from.sampler(), sampler.name()));
    }
    Waypoint here = copy(from);
    try {
      for (boolean on = true;
          on && !here.arrived();
          on = here.arrived() || observer.between(here)) {
        if (Thread.interrupted()) {
          throw new InterruptedException("stopped before step " + here.steps());
        }
        here = step(here, observer);
      }
      return here;
    } catch (InterruptedException | RuntimeException stopped) {
      here.close();
      throw stopped;
    }
  }

  /** Takes one step. It frees the arrays of {@code here}. */
  private Waypoint step(Waypoint here, Observer observer) {
    NDManager home = here.x().getManager();
    // DJL creates a result in the manager of its first operand. The inputs are attached to the
    // scope,
    // so all results belong to it and only those that are attached to the outer manager survive.
    try (NDManager scope = home.newSubManager()) {
      here.arrays().values().forEach(array -> array.attach(scope));
      int next = here.level() + 1;
      NoiseSchedule schedule = here.schedule();
      Step step =
          new Step(
              here.x(),
              here.sigma(),
              schedule.sigma(next),
              here.steps(),
              schedule.steps() - next,
              here.past(),
              here.memory(),
              noise,
              checked(here.steps()));
      Move move = sampler.step(step);
      if (!finite(move.x())) {
        throw new DivergenceException("the sample", here.steps(), here.sigma());
      }
      observer.seen(move.seen(), here.steps());
      Waypoint there =
          new Waypoint(
              here.sampler(),
              here.model(),
              schedule,
              here.steps() + 1,
              move.last() ? schedule.steps() : move.sigma() == step.next() ? next : here.level(),
              move.sigma(),
              move.x(),
              remembered(move.seen(), here.past()),
              move.memory());
      there.arrays().values().forEach(array -> array.attach(home));
      return there;
    }
  }

  /** The estimates that the sampler uses, and at least the latest one if it has further outputs. */
  private List<Estimate> remembered(Estimate seen, List<Estimate> past) {
    int kept = Math.max(sampler.history(), seen.aside().isEmpty() ? 0 : 1);
    List<Estimate> all = new ArrayList<>(past);
    all.addFirst(seen);
    return List.copyOf(all.subList(0, Math.min(kept, all.size())));
  }

  /** The denoiser with checks that its output has the shape and type of x and is finite. */
  private Denoiser checked(int step) {
    return (x, sigma, before) -> {
      Estimate estimate = denoiser.estimate(x, sigma, before);
      NDArray d = estimate.denoised();
      if (!d.getShape().equals(x.getShape()) || d.getDataType() != x.getDataType()) {
        throw new IllegalArgumentException(
            "the denoiser returned %s of shape %s for a sample %s of shape %s"
                .formatted(d.getDataType(), d.getShape(), x.getDataType(), x.getShape()));
      }
      if (!finite(d)) {
        throw new DivergenceException("the network's output", step, sigma);
      }
      return estimate;
    };
  }

  /**
   * Checks the sum, which is finite unless an element is not finite or the elements are absurdly
   * large.
   */
  private static boolean finite(NDArray values) {
    return Double.isFinite(values.sum().toType(DataType.FLOAT64, false).getDouble());
  }

  private static Waypoint copy(Waypoint from) {
    Map<String, NDArray> copies = new LinkedHashMap<>();
    from.arrays().forEach((name, array) -> copies.put(name, array.duplicate()));
    return Waypoint.of(copies, from.facts());
  }
}
