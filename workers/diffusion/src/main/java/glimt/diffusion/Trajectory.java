package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Walks a sample down a noise schedule. Owns the loop, interruption, observation, what is
 * remembered between steps, and the native memory of each step.
 *
 * <pre>{@code
 * Trajectory walk = new Trajectory(Samplers.named("dpmpp_2m"), denoiser, noise.draws(0, region));
 * try (Waypoint end = walk.on(walk.start(schedule, noise.start(...), "clips@sha256"), observer)) {
 *   use(end.x());
 * }
 * }</pre>
 *
 * @param noise where the draws of stochastic samplers come from
 */
public record Trajectory(Sampler sampler, Denoiser denoiser, Draw noise) {

  /**
   * The start of a walk from pure noise: x = sigma_0 n.
   *
   * @param noise standard normals, [B, ...], float32 or float64; every array of the walk has its
   *     type and lives in its manager
   * @param model what is sampled, in the caller's words; a checkpoint of another is not resumed
   */
  public Waypoint start(NoiseSchedule schedule, NDArray noise, String model) {
    return at(schedule, noise.mul(schedule.sigma(0)), model);
  }

  /**
   * The start of a walk from a picture: x = x0 + sigma_0 n. With {@link NoiseSchedule#late} this is
   * image-to-image and video-to-video.
   */
  public Waypoint start(NoiseSchedule schedule, NDArray clean, NDArray noise, String model) {
    if (!clean.getShape().equals(noise.getShape())) {
      throw new IllegalArgumentException(
          "noise " + noise.getShape() + " does not fit a sample " + clean.getShape());
    }
    return at(schedule, clean.add(noise.mul(schedule.sigma(0))), model);
  }

  /** The start of a walk from a sample that carries noise of the schedule's first level. */
  public Waypoint at(NoiseSchedule schedule, NDArray x, String model) {
    return new Waypoint(
        sampler.name(), model, schedule, 0, 0, schedule.sigma(0), x, List.of(), Memory.NOTHING);
  }

  /**
   * Walks on from a waypoint to the end of its schedule, or until the observer says stop.
   *
   * @param from the start, or a saved waypoint; it stays the caller's, unchanged
   * @return where the walk ended, in the manager of {@code from}'s sample; the caller closes it
   * @throws InterruptedException when the thread was interrupted, between two steps
   * @throws DivergenceException when the network's answer or the sample is NaN or infinite
   * @throws IllegalArgumentException when {@code from} belongs to another sampler, or the denoiser
   *     changes shape or type
   */
  public Waypoint on(Waypoint from, Observer observer) throws InterruptedException {
    if (!from.sampler().equals(sampler.name())) {
      throw new IllegalArgumentException(
          "a checkpoint of sampler %s, not %s".formatted(from.sampler(), sampler.name()));
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

  /** One step. The arrays of {@code here} are used up. */
  private Waypoint step(Waypoint here, Observer observer) {
    NDManager home = here.x().getManager();
    // DJL puts a result where its first operand lives: bring the inputs in, and only what is
    // carried
    // out survives.
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
              move.sigma() == step.next() ? next : here.level(),
              move.sigma(),
              move.x(),
              remembered(move.seen(), here.past()),
              move.memory());
      there.arrays().values().forEach(array -> array.attach(home));
      return there;
    }
  }

  /** What the sampler looks back at, and the latest estimate if something was set aside with it. */
  private List<Estimate> remembered(Estimate seen, List<Estimate> past) {
    int kept = Math.max(sampler.history(), seen.aside().isEmpty() ? 0 : 1);
    List<Estimate> all = new ArrayList<>(past);
    all.addFirst(seen);
    return List.copyOf(all.subList(0, Math.min(kept, all.size())));
  }

  /** The denoiser, held to its promises: the shape and type of x, and finite. */
  private Denoiser checked(int step) {
    return (x, sigma, before) -> {
      Estimate estimate = denoiser.estimate(x, sigma, before);
      NDArray d = estimate.denoised();
      if (!d.getShape().equals(x.getShape()) || d.getDataType() != x.getDataType()) {
        throw new IllegalArgumentException(
            "the denoiser answered %s %s to a sample %s %s"
                .formatted(d.getDataType(), d.getShape(), x.getDataType(), x.getShape()));
      }
      if (!finite(d)) {
        throw new DivergenceException("the network's answer", step, sigma);
      }
      return estimate;
    };
  }

  /** A sum is finite unless an element is not, or the elements are beyond any sample's size. */
  private static boolean finite(NDArray values) {
    return Double.isFinite(values.sum().toType(DataType.FLOAT64, false).getDouble());
  }

  private static Waypoint copy(Waypoint from) {
    Map<String, NDArray> copies = new LinkedHashMap<>();
    from.arrays().forEach((name, array) -> copies.put(name, array.duplicate()));
    return Waypoint.of(copies, from.facts());
  }
}
