package glimt.deploy.chaos;

import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.job.JobClass;
import glimt.job.SamplingOptions;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * The results of requests when no fault is injected, as digests of what each task makes. A request
 * is run once, when it is first chosen, while all nodes run.
 */
final class Undisturbed {
  private static final Duration LIMIT = Duration.ofMinutes(6);
  private static final List<Long> SEEDS = List.of(7L, 11L);

  /** Enough steps to measure how long one takes. */
  private static final int TASTE = 20;

  private final Victim farm;
  private final Witness client;
  private final Map<Request, ReferenceResult> made = new ConcurrentHashMap<>();

  /**
   * The result of a request.
   *
   * @param tasks {@code ordinal/position digest} of each artifact, in order
   * @param file the digest of the downloaded file
   * @param longest the attempt that took longest, which is a walk
   */
  record ReferenceResult(List<String> tasks, String file, Audit.Begun longest) {}

  Undisturbed(Victim farm, Witness client) {
    this.farm = farm;
    this.client = client;
  }

  Request few(String kind, RandomGenerator random) {
    return known(Request.few(kind, SEEDS.get(random.nextInt(SEEDS.size()))));
  }

  Request many(String kind) {
    return known(Request.many(kind, SEEDS.getFirst()));
  }

  /**
   * A request whose longest task takes at least {@code time} at this machine's current speed.
   *
   * @param bundle a bundle with a slow network
   */
  Request lasting(Tampered bundle, Duration time) {
    Request longest = known(Request.slow(bundle, TASTE));
    for (Request one : made.keySet()) {
      if (one.model().equals(bundle.bundle()) && one.steps() > longest.steps()) {
        longest = one;
      }
    }
    // The machine may have become faster since the last measurement.
    for (int tries = 3; tries > 0 && of(longest).longest().seconds() < time.toSeconds(); tries--) {
      double steps = 1.2 * longest.steps() * time.toSeconds() / of(longest).longest().seconds();
      longest = known(Request.slow(bundle, (int) Math.min(steps, SamplingOptions.STEPS_LIMIT)));
    }
    return longest;
  }

  private Request known(Request request) {
    if (!made.containsKey(request)) {
      SubmittedJob asked = client.submit(request);
      Optional<String> ending = client.ending(asked, LIMIT);
      if (!ending.equals(Optional.of("succeeded"))) {
        throw new BrokenPromise(
            "without any fault, %s did not succeed: %s".formatted(request, ending));
      }
      made.put(
          request,
          new ReferenceResult(
              farm.audit().made(asked.job()),
              client.download(asked),
              farm.audit().attempts(asked.job()).stream()
                  .max(Comparator.comparingDouble(Audit.Begun::seconds))
                  .orElseThrow()));
    }
    return request;
  }

  ReferenceResult of(Request request) {
    ReferenceResult known = made.get(request.as(JobClass.NORMAL));
    if (known == null) {
      throw new IllegalArgumentException("never run undisturbed: " + request);
    }
    return known;
  }
}
