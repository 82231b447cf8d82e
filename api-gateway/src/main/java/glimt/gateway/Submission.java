package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.SamplingOptions;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.Bundles;
import glimt.ledger.IdempotencyKey;
import glimt.ledger.Jobs;
import glimt.ledger.Unmakeable;
import glimt.model.BundleCard;
import glimt.model.Kind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns a request into a job: checks it against the catalogue, plans it, writes it, says so. */
final class Submission {
  private static final String WAITS =
      "no worker that can make it is there yet: they are starting, and the job waits for one; it"
          + " fails if workers are there for %s seconds without one that can"
              .formatted(Unmakeable.PATIENCE.toSeconds());

  private final Jobs jobs;
  private final Bundles bundles;
  private final Farm farm;
  private final List<String> samplers;
  private final SecureRandom random = new SecureRandom();

  Submission(Jobs jobs, Bundles bundles, Farm farm, List<String> samplers) {
    this.jobs = jobs;
    this.bundles = bundles;
    this.farm = farm;
    this.samplers = List.copyOf(samplers);
  }

  /**
   * Blocks until the job is committed.
   *
   * @param key by which the client may ask again and get the same job
   * @throws InvalidSpec if the request cannot be granted; nothing is written
   */
  JobView submit(TenantId tenant, JobRequest request, @Nullable String key) {
    if (request.sampler() != null && !samplers.contains(request.sampler())) {
      throw new InvalidSpec("sampler", "must be one of %s".formatted(samplers));
    }
    Bundles.Offer offer = offer(request);
    JobSpec spec =
        request.spec(offer.bundle().card().name(), random.nextLong(SamplingOptions.SEED_LIMIT + 1));
    return submit(
        tenant, spec, offer, key == null ? null : new IdempotencyKey(key, digest(request)));
  }

  /**
   * Asks once more for what a job did not come to make. It is another job: an ending is final.
   *
   * @throws Problem.ProblemException unless it failed or was cancelled
   */
  JobView again(TenantId tenant, JobView job, @Nullable String key) {
    if (!job.state().ended()) {
      throw Problem.notEnded(job.state()).refusal();
    }
    if (job.state() == JobState.SUCCEEDED) {
      throw Problem.ended(job.state(), "there is nothing to retry").refusal();
    }
    Bundles.CatalogueEntry bundle = bundles.byDigest(job.card()).orElseThrow();
    Bundles.Standing standing =
        bundles.offers().stream()
            .filter(offer -> offer.bundle().digest().equals(job.card()))
            .map(Bundles.Offer::standing)
            .findFirst()
            .orElse(Bundles.Standing.COMING);
    if (standing == Bundles.Standing.GONE) {
      throw new InvalidSpec("model", "nobody here has %s any more".formatted(bundle.card().name()));
    }
    return submit(
        tenant,
        job.spec(),
        new Bundles.Offer(bundle, standing),
        key == null ? null : new IdempotencyKey(key, digest("retry " + job.id())));
  }

  private JobView submit(
      TenantId tenant, JobSpec spec, Bundles.Offer offer, @Nullable IdempotencyKey key) {
    Plan plan = plan(spec, offer.bundle().card());
    if (offer.standing() != Bundles.Standing.HERE) {
      plan = plan.with(WAITS);
    }
    JobView job =
        jobs.submit(tenant, spec, offer.bundle().digest(), plan, key)
            .orElseThrow(() -> Problem.keyReused().refusal());
    farm.tasksReady();
    return job;
  }

  /** Where a square was asked for, the field that is wrong is its size. */
  private static Plan plan(JobSpec spec, BundleCard card) {
    try {
      return Plan.of(spec, card);
    } catch (InvalidSpec refusal) {
      boolean side = refusal.field().equals("width") || refusal.field().equals("height");
      throw side
          ? new InvalidSpec(JobRequest.SIZE, refusal.field() + " " + refusal.getMessage())
          : refusal;
    }
  }

  /** What was asked for, before anything is chosen for the client. */
  private static ArtifactId digest(Object asked) {
    try {
      byte[] json = Json.write(asked).getBytes(StandardCharsets.UTF_8);
      return new ArtifactId(
          HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(json)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** What makes it: the bundle it names, or the first of its kind that is there. */
  Bundles.Offer offer(JobRequest request) {
    List<Bundles.Offer> offers = bundles.offers();
    if (request.model() == null) {
      List<Bundles.Offer> kind =
          offers.stream().filter(offer -> offer.bundle().card().kind() == request.kind()).toList();
      return Stream.of(Bundles.Standing.HERE, Bundles.Standing.COMING)
          .flatMap(standing -> kind.stream().filter(offer -> offer.standing() == standing))
          .findFirst()
          .orElseThrow(() -> noSuchModel(offers, request.kind(), ""));
    }
    Bundles.Offer named =
        offers.stream()
            .filter(offer -> offer.bundle().card().name().equals(request.model()))
            .findFirst()
            .orElseThrow(() -> noSuchModel(offers, request.kind(), ""));
    if (named.standing() == Bundles.Standing.GONE) {
      throw noSuchModel(
          offers, request.kind(), "was offered once, and nobody here has it now: it ");
    }
    return named;
  }

  private static InvalidSpec noSuchModel(List<Bundles.Offer> offers, Kind kind, String because) {
    List<String> known =
        offers.stream()
            .filter(offer -> offer.standing() != Bundles.Standing.GONE)
            .map(offer -> offer.bundle().card())
            .filter(card -> card.kind() == kind)
            .map(BundleCard::name)
            .toList();
    return new InvalidSpec(
        "model",
        known.isEmpty()
            ? "must be one for %s, and there is none here".formatted(JobDocument.word(kind))
            : because + "must be one of %s for %s".formatted(known, JobDocument.word(kind)));
  }
}
