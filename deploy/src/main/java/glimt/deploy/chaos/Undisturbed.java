package glimt.deploy.chaos;

import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.job.SamplingOptions;
import glimt.ledger.Audit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * What requests give when nothing happens to the farm: the digest of all that each task makes. A
 * request is made once, when it is first chosen, and the farm is whole then.
 */
final class Undisturbed {
  private static final Duration LIMIT = Duration.ofMinutes(6);
  private static final List<Long> SEEDS = List.of(7L, 11L);

  /** So many steps tell how long one takes. */
  private static final int TASTE = 20;

  private final Victim farm;
  private final Witness client;
  private final Map<Request, ReferenceResult> made = new ConcurrentHashMap<>();

  /**
   * @param tasks {@code ordinal/position digest}, in their order
   * @param file the digest of what is downloaded
   * @param first the attempt that made the first of them
   */
  record ReferenceResult(List<String> tasks, String file, Audit.Begun first) {}

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
   * A job whose first task lasts at least so long, as this machine is now.
   *
   * @param bundle one that takes its time
   */
  Request lasting(Tampered bundle, Duration time) {
    Request longest = known(Request.slow(bundle, TASTE));
    for (Request one : made.keySet()) {
      if (one.model().equals(bundle.bundle()) && one.steps() > longest.steps()) {
        longest = one;
      }
    }
    // The machine may be quieter now than it was.
    for (int tries = 3; tries > 0 && of(longest).first().seconds() < time.toSeconds(); tries--) {
      double steps = 1.2 * longest.steps() * time.toSeconds() / of(longest).first().seconds();
      longest = known(Request.slow(bundle, (int) Math.min(steps, SamplingOptions.STEPS_LIMIT)));
    }
    return longest;
  }

  private Request known(Request request) {
    if (!made.containsKey(request)) {
      SubmittedJob asked = client.submit(request);
      Optional<String> ending = client.ending(asked, LIMIT);
      if (!ending.equals(Optional.of("succeeded"))) {
        throw new BrokenPromise("undisturbed, %s was not made: %s".formatted(request, ending));
      }
      made.put(
          request,
          new ReferenceResult(
              farm.audit().made(asked.job()),
              client.download(asked),
              farm.audit().attempts(asked.job()).getFirst()));
    }
    return request;
  }

  ReferenceResult of(Request request) {
    ReferenceResult known = made.get(request);
    if (known == null) {
      throw new IllegalArgumentException("never made undisturbed: " + request);
    }
    return known;
  }
}
