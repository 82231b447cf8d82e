package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.job.ArtifactId;
import glimt.job.FilterDecision;
import glimt.job.Forecast;
import glimt.job.InvalidSpec;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobInput;
import glimt.job.JobLimits;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.PlannedEnd;
import glimt.job.SamplingOptions;
import glimt.job.TenantId;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.ledger.AuditLog;
import glimt.ledger.Bundles;
import glimt.ledger.Forecasts;
import glimt.ledger.IdempotencyKey;
import glimt.ledger.Jobs;
import glimt.ledger.NewJob;
import glimt.ledger.Tenants;
import glimt.ledger.Unmakeable;
import glimt.model.BundleCard;
import glimt.model.Kind;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Turns a request into a job: checks it against the catalogue, plans it, writes it to the ledger
 * and notifies the coordinator.
 */
final class Submission {
  private static final String WAITS =
      "no worker has loaded this model yet; the job waits for one, and fails if workers are running"
          + " for %s seconds and none of them has the model"
              .formatted(Unmakeable.PATIENCE.toSeconds());

  private final Jobs jobs;
  private final Tenants tenants;
  private final Forecasts forecasts;
  private final Bundles bundles;
  private final Farm farm;
  private final List<String> samplers;
  private final InputCheck inputs;
  private final PromptCheck prompts;
  private final AuditLog audit;
  private final SecureRandom random = new SecureRandom();

  Submission(
      Jobs jobs,
      Tenants tenants,
      Forecasts forecasts,
      Bundles bundles,
      Farm farm,
      List<String> samplers,
      InputCheck inputs,
      PromptCheck prompts,
      AuditLog audit) {
    this.jobs = jobs;
    this.tenants = tenants;
    this.forecasts = forecasts;
    this.bundles = bundles;
    this.farm = farm;
    this.samplers = List.copyOf(samplers);
    this.inputs = inputs;
    this.prompts = prompts;
    this.audit = audit;
  }

  /**
   * Blocks until the job is committed.
   *
   * @param key the client's idempotency key, with which the same request returns the same job
   * @throws InvalidSpec if the request is not valid; nothing is written
   * @throws Problem.Refusal if the key was sent with a different request before
   */
  JobView submit(TenantId tenant, JobRequest request, @Nullable String key) {
    return submit(tenant, request, key, null);
  }

  /**
   * Submits a job as above.
   *
   * @param webhook where its events are sent; null for nowhere
   */
  JobView submit(
      TenantId tenant, JobRequest request, @Nullable String key, @Nullable Webhook webhook) {
    Wish wish = wish(request);
    Object asked = webhook == null ? request : List.of(request, webhook);
    IdempotencyKey once = key == null ? null : new IdempotencyKey(key, digest(asked));
    return submit(tenant, wish, once, null, webhook);
  }

  /**
   * Plans a job and tells what it would take; nothing is written.
   *
   * @throws InvalidSpec if the request is not valid
   */
  DryRun dryRun(TenantId tenant, JobRequest request) {
    Wish wish = wish(request);
    return dryRun(tenant, wish, List.of(plan(wish.spec(), wish.offer())));
  }

  /** What the drafts with these plans would be together; blocks. */
  DryRun dryRun(TenantId tenant, Wish wish, List<Plan> plans) {
    check(tenant);
    passed(tenant, wish.spec());
    Bundles.CatalogueEntry bundle = wish.offer().bundle();
    String model = bundle.card().name();
    return new DryRun(
        model,
        plans.getFirst().warnings(),
        forecasts.of(tenant, wish.urgency(), bundle.digest(), model, plans),
        forecasts
            .planned(tenant, wish.urgency(), bundle.digest(), plans.getFirst(), wish.limits())
            .orElse(null));
  }

  /**
   * What a job would be.
   *
   * @param end how far it would be made, to end within its limits; null for as far as it asks for
   */
  record DryRun(String model, List<String> warnings, Forecast forecast, @Nullable PlannedEnd end) {}

  record Wish(JobClass urgency, JobLimits limits, JobSpec spec, Bundles.Offer offer) {}

  /**
   * What a request asks for, with what it leaves to the farm.
   *
   * @throws InvalidSpec if the request is not valid
   */
  Wish wish(JobRequest request) {
    if (request.sampler() != null && !samplers.contains(request.sampler())) {
      throw new InvalidSpec("sampler", "must be one of %s".formatted(samplers));
    }
    Bundles.Offer offer = offer(request);
    JobSpec spec =
        request.spec(offer.bundle().card(), random.nextLong(SamplingOptions.SEED_LIMIT + 1));
    return new Wish(
        Objects.requireNonNullElse(request.urgency(), JobClass.NORMAL),
        request.limits(),
        Boolean.FALSE.equals(request.watermark()) ? spec : marked(spec, offer.bundle()),
        offer);
  }

  /**
   * Gives a spec the mark that its files shall hide: 32 bits of the digest of everything that
   * decides their bytes. The same request therefore gives the same bytes whenever and wherever it
   * is made, which a mark with the job's id or the day would end.
   */
  static JobSpec marked(JobSpec spec, Bundles.CatalogueEntry bundle) {
    ArtifactId digest = digest(List.of(bundle.digest(), spec));
    return spec.marked(digest.sha256().substring(0, 8));
  }

  /**
   * Submits the spec of a failed or cancelled job as a new job, because the state of a job that has
   * ended is final.
   *
   * @param webhook where the events of the job were sent, and those of the new one are; or null
   * @throws Problem.Refusal if the job runs or has succeeded
   * @throws InvalidSpec if no worker has its model any more
   */
  JobView again(TenantId tenant, JobView job, @Nullable String key, @Nullable Webhook webhook) {
    if (!job.state().ended()) {
      throw Problem.notEnded(job.state()).refusal();
    }
    if (job.state() == JobState.SUCCEEDED) {
      throw Problem.ended(job.state(), "there is nothing to retry").refusal();
    }
    IdempotencyKey once = key == null ? null : new IdempotencyKey(key, digest("retry " + job.id()));
    Bundles.Offer offer = offer(job);
    return job.originLevel() != null && job.origin() != null
        ? goOn(job, job.originLevel(), job.origin(), job.spec(), offer, once)
        : submit(tenant, again(job, job.spec(), offer), once, job.origin(), webhook);
  }

  /**
   * Submits a job that takes over a finished level of another.
   *
   * @param from the job that has the level
   * @param origin the job that the level is said to be of
   * @throws InvalidSpec if there is nothing to make above the level
   * @throws Problem.ProblemException if {@code from} cannot give the level, or was deleted, or the
   *     key was sent with a different request before
   */
  JobView goOn(
      JobView from,
      String level,
      JobId origin,
      JobSpec spec,
      Bundles.Offer offer,
      @Nullable IdempotencyKey key) {
    keep(spec, offer);
    Plan plan = plan(spec, offer, level);
    NewJob asked = job(from.tenant(), again(from, spec, offer), spec, plan).key(key).origin(origin);
    JobView job;
    try {
      job =
          jobs.refine(asked, LevelTakeover.taken(from, level, plan))
              .orElseThrow(() -> Problem.keyReused().refusal());
    } catch (NoSuchElementException e) {
      throw Problem.notFound("there is no such job").refusal(e);
    }
    farm.tasksReady();
    return job;
  }

  private void keep(JobSpec spec, Bundles.Offer offer) {
    JobInput input = spec.input();
    if (input != null) {
      inputs.keep(input, offer.bundle().card());
    }
  }

  /**
   * Submits the spec of a job as a new job with another prompt, and the same seed and levels.
   *
   * @throws InvalidSpec if no worker has its model any more, or the prompt is not valid
   */
  JobView remix(TenantId tenant, JobView job, String prompt, @Nullable String key) {
    Bundles.Offer offer = offer(job);
    JobSpec spec = job.spec().reworded(prompt);
    JobSpec marked = job.spec().watermark() == null ? spec : marked(spec, offer.bundle());
    IdempotencyKey once =
        key == null
            ? null
            : new IdempotencyKey(key, digest(List.of("remix", job.id().toString(), prompt)));
    return submit(tenant, again(job, marked, offer), once, job.id(), null);
  }

  /**
   * The bundle that a job was made with.
   *
   * @throws InvalidSpec if no worker has it any more
   */
  Bundles.Offer offer(JobView job) {
    Bundles.CatalogueEntry bundle = bundles.byDigest(job.card()).orElseThrow();
    Bundles.Standing standing =
        bundles.offers().stream()
            .filter(offer -> offer.bundle().digest().equals(job.card()))
            .map(Bundles.Offer::standing)
            .findFirst()
            .orElse(Bundles.Standing.COMING);
    if (standing == Bundles.Standing.GONE) {
      throw new InvalidSpec(
          "model",
          "is no longer available: no worker has %s any more".formatted(bundle.card().name()));
    }
    return new Bundles.Offer(bundle, standing);
  }

  private JobView submit(
      TenantId tenant,
      Wish wish,
      @Nullable IdempotencyKey key,
      @Nullable JobId origin,
      @Nullable Webhook webhook) {
    check(tenant);
    keep(wish.spec(), wish.offer());
    Plan plan = plan(wish.spec(), wish.offer());
    NewJob asked = job(tenant, wish, wish.spec(), plan).key(key).origin(origin).webhook(webhook);
    JobView job = jobs.submit(asked).orElseThrow(() -> Problem.keyReused().refusal());
    farm.tasksReady();
    return job;
  }

  /**
   * A job as it is wished, whose prompt the content filter lets pass.
   *
   * @throws Problem.ProblemException if it stops the prompt
   */
  private NewJob job(TenantId tenant, Wish wish, JobSpec spec, Plan plan) {
    return NewJob.of(tenant, spec, wish.offer().bundle().digest(), plan)
        .urgency(wish.urgency())
        .limits(wish.limits())
        .decisions(List.of(passed(tenant, spec)));
  }

  /**
   * Returns the content filter's decision to let the prompt pass. A negative prompt says what shall
   * not be seen, and may say anything, unless the guidance is so weak that it draws towards it.
   *
   * @throws Problem.ProblemException if it stops a prompt
   */
  private FilterDecision passed(TenantId tenant, JobSpec spec) {
    String negative = spec.negativePrompt();
    if (negative != null && spec.sampling().drawsToNegative()) {
      passed(tenant, spec, negative);
    }
    return passed(tenant, spec, spec.prompt());
  }

  private FilterDecision passed(TenantId tenant, JobSpec spec, String prompt) {
    FilterDecision decision = prompts.decide(spec.kind(), spec.model(), prompt);
    if (!decision.allowed()) {
      audit.stopped(tenant, prompt, decision);
      throw Problem.blocked(decision.reason()).refusal();
    }
    return decision;
  }

  /** A wish to make a job once more, without its deadline, which may have passed. */
  private static Wish again(JobView job, JobSpec spec, Bundles.Offer offer) {
    return new Wish(job.urgency(), new JobLimits(null, job.limits().budgetSeconds()), spec, offer);
  }

  /**
   * Stores drafts that were planned and tells the coordinator.
   *
   * @throws Problem.ProblemException if the key was sent with a different request before
   */
  List<JobView> drafts(
      TenantId tenant,
      Wish wish,
      List<JobSpec> specs,
      List<Plan> plans,
      @Nullable IdempotencyKey key,
      @Nullable Webhook webhook) {
    check(tenant);
    keep(wish.spec(), wish.offer());
    NewJob one = job(tenant, wish, specs.getFirst(), plans.getFirst()).key(key).webhook(webhook);
    List<NewJob> asked = new ArrayList<>();
    for (int i = 0; i < specs.size(); i++) {
      asked.add(one.planned(specs.get(i), plans.get(i)));
    }
    List<JobView> drafts = jobs.submitDrafts(asked);
    if (drafts.isEmpty()) {
      throw Problem.keyReused().refusal();
    }
    farm.tasksReady();
    return drafts;
  }

  private void check(TenantId tenant) {
    if (!tenants.known(tenant)) {
      throw new InvalidSpec(
          RequestContext.TENANT,
          "must be a tenant of this farm; `glimt tenants` lists them, not %s"
              .formatted(Fields.shown(tenant.value())));
    }
  }

  static Plan plan(JobSpec spec, Bundles.Offer offer) {
    return plan(spec, offer, null);
  }

  private static Plan plan(JobSpec spec, Bundles.Offer offer, @Nullable String taken) {
    Plan plan = plan(spec, offer.bundle().card(), taken);
    return offer.standing() == Bundles.Standing.HERE ? plan : plan.with(WAITS);
  }

  /** Plans a job; blames a wrong width or height on the field {@code size}. */
  private static Plan plan(JobSpec spec, BundleCard card, @Nullable String taken) {
    try {
      return Plan.of(spec, card, taken);
    } catch (InvalidSpec refusal) {
      boolean side = refusal.field().equals("width") || refusal.field().equals("height");
      throw side
          ? new InvalidSpec(JobRequest.SIZE, refusal.field() + " " + refusal.getMessage())
          : refusal;
    }
  }

  /** A digest of what is asked for, as JSON. */
  static ArtifactId digest(Object asked) {
    return ArtifactId.of(Json.write(asked).getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The bundle that the request names; else the first of its kind that can begin with what it
   * gives, preferring bundles that a worker has already.
   *
   * @throws InvalidSpec if there is none
   */
  Bundles.Offer offer(JobRequest request) {
    List<Bundles.Offer> offers = bundles.offers();
    if (request.model() == null) {
      List<Bundles.Offer> kind =
          offers.stream().filter(offer -> offer.bundle().card().kind() == request.kind()).toList();
      List<Bundles.Offer> taking =
          kind.stream().filter(InputCheck.taking(request.input())).toList();
      List<Bundles.Offer> fitting = taking.isEmpty() ? kind : taking;
      return Stream.of(Bundles.Standing.HERE, Bundles.Standing.COMING)
          .flatMap(standing -> fitting.stream().filter(offer -> offer.standing() == standing))
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
          offers, request.kind(), "is no longer available, as no worker has it now; it ");
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
            ? because
                + "must be a model for %s, but this farm has none".formatted(JobDocument.word(kind))
            : because + "must be one of %s for %s".formatted(known, JobDocument.word(kind)));
  }
}
