package glimt.gateway;

import static java.util.Objects.requireNonNull;

import glimt.artifact.Artifacts;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.LevelView;
import glimt.job.JobView.TaskView;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.SamplingOptions;
import glimt.job.TaskId;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.Webhook;
import glimt.job.Work;
import glimt.ledger.Bundles;
import glimt.ledger.IdempotencyKey;
import glimt.ledger.TakenLevel;
import glimt.ledger.Tasks;
import glimt.model.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes jobs of some of a model's levels: drafts, which are base levels only, and jobs that go on
 * from a finished level of another.
 *
 * <p>A draft is a job, so that it is shared out, shown, cancelled and kept like any other. Going on
 * from it with the same words and seed gives the spec, and so the bytes, of the job that would have
 * gone all the way.
 */
final class LevelTakeover {
  /** The most drafts of one request. */
  static final int DRAFTS_LIMIT = 16;

  private final Submission submission;
  private final Tasks tasks;
  private final Artifacts artifacts;

  LevelTakeover(Submission submission, Tasks tasks, Artifacts artifacts) {
    this.submission = submission;
    this.tasks = tasks;
    this.artifacts = artifacts;
  }

  /**
   * How to go on from a job.
   *
   * @param from the level to begin with; null for the newest that is finished
   * @param prompt other words for the levels above; null for the same
   * @param levels how many levels to make; null for all above
   * @param seed another seed for the levels above; null for the same
   */
  record RefineRequest(
      @Nullable String from,
      @Nullable String prompt,
      @Nullable Integer levels,
      @Nullable Long seed) {
    static RefineRequest of(Fields fields) {
      RefineRequest wanted =
          new RefineRequest(
              fields.text("from"),
              fields.text("prompt"),
              fields.whole("levels", 1, LEVELS_LIMIT),
              fields.whole("seed", 0, SamplingOptions.SEED_LIMIT));
      fields.end();
      return wanted;
    }

    private static final int LEVELS_LIMIT = 100;
  }

  /**
   * Submits drafts with successive seeds, all or none of them; blocks.
   *
   * @throws InvalidSpec if the request is not valid; nothing is written
   */
  List<JobView> drafts(
      TenantId tenant,
      JobRequest request,
      int count,
      @Nullable String key,
      @Nullable Webhook webhook) {
    PlannedDrafts planned = planned(request, count);
    return submission.drafts(
        tenant,
        planned.wish(),
        planned.specs(),
        planned.plans(),
        key == null
            ? null
            : new IdempotencyKey(key, Submission.digest(asked(request, count, webhook))),
        webhook);
  }

  /** What the drafts of a request would be together; blocks. */
  Submission.DryRun dryRun(TenantId tenant, JobRequest request, int count) {
    PlannedDrafts planned = planned(request, count);
    return submission.dryRun(tenant, planned.wish(), planned.plans());
  }

  private record PlannedDrafts(Submission.Wish wish, List<JobSpec> specs, List<Plan> plans) {}

  private PlannedDrafts planned(JobRequest request, int count) {
    Submission.Wish wish = submission.wish(request);
    Bundles.Offer offer = wish.offer();
    List<Level> levels = Submission.plan(wish.spec(), offer).levels();
    String base = levels.size() == 1 ? null : levels.getFirst().name();
    List<JobSpec> specs = new ArrayList<>();
    List<Plan> plans = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long seed = (wish.spec().sampling().seed() + i) % (SamplingOptions.SEED_LIMIT + 1);
      JobSpec spec = marked(wish.spec(), wish.spec().seeded(seed).until(base), offer);
      Plan plan = Submission.plan(spec, offer);
      specs.add(spec);
      plans.add(
          base == null
              ? plan.with(
                  "%s has a single level at this size, so its drafts are whole results"
                      .formatted(spec.model()))
              : plan);
    }
    return new PlannedDrafts(wish, specs, plans);
  }

  private static List<Object> asked(JobRequest request, int count, @Nullable Webhook webhook) {
    return webhook == null
        ? List.of("drafts", count, request)
        : List.of("drafts", count, request, webhook);
  }

  /**
   * Submits a job that goes on from a finished level of another; blocks.
   *
   * @throws InvalidSpec if the job has no such level, nothing is above it, or the prompt is not
   *     valid
   * @throws Problem.ProblemException 409 if the level is not finished or the model is gone, 410 if
   *     the level's file is lost for good
   */
  JobView refine(JobView job, RefineRequest wanted, @Nullable String key) {
    LevelView level = finished(job, wanted.from());
    Bundles.Offer offer = offer(job);
    JobSpec spec = job.spec().until(until(job.spec(), level.name(), wanted.levels(), offer));
    String prompt = Objects.requireNonNullElse(wanted.prompt(), spec.prompt());
    long seed = Objects.requireNonNullElse(wanted.seed(), spec.sampling().seed());
    if (!prompt.equals(spec.prompt()) || seed != spec.sampling().seed()) {
      spec = spec.reworded(prompt).seeded(seed).after(level.name(), sample(level));
    }
    keep(job, sample(level));
    return submission.goOn(
        job,
        level.name(),
        job.id(),
        marked(job.spec(), spec, offer),
        offer,
        key == null ? null : new IdempotencyKey(key, asked(job, level, wanted)));
  }

  private static ArtifactId asked(JobView job, LevelView level, RefineRequest wanted) {
    return Submission.digest(Arrays.asList("refine", job.id().toString(), level.name(), wanted));
  }

  /** Marks a spec if the one that it was made from is marked. */
  private static JobSpec marked(JobSpec from, JobSpec spec, Bundles.Offer offer) {
    return from.watermark() == null ? spec : Submission.marked(spec, offer.bundle());
  }

  private static LevelView finished(JobView job, @Nullable String name) {
    List<LevelView> levels =
        job.levels().stream()
            .filter(
                level ->
                    level.tasks().stream().anyMatch(task -> task.work() instanceof Work.Assemble))
            .toList();
    List<String> whole =
        levels.stream()
            .filter(level -> level.state() == JobState.SUCCEEDED)
            .map(LevelView::name)
            .toList();
    List<String> names = levels.stream().map(LevelView::name).toList();
    if (name != null && !names.contains(name)) {
      throw new InvalidSpec(
          "from",
          "must be one of the job's levels %s, not %s".formatted(names, Fields.shown(name)));
    }
    if (whole.isEmpty() || (name != null && !whole.contains(name))) {
      throw Problem.notReady(
              "the job has not finished its level %s; its finished levels are %s"
                  .formatted(name == null ? names.getFirst() : name, whole))
          .refusal();
    }
    String from = name == null ? whole.getLast() : name;
    return levels.get(names.indexOf(from));
  }

  private Bundles.Offer offer(JobView job) {
    try {
      return submission.offer(job);
    } catch (InvalidSpec e) {
      throw Problem.modelGone(job.spec().model()).refusal(e);
    }
  }

  /** Returns the last of so many levels above one; null for the highest. */
  private static @Nullable String until(
      JobSpec spec, String level, @Nullable Integer count, Bundles.Offer offer) {
    List<String> all =
        Submission.plan(spec.until(null), offer).levels().stream().map(Level::name).toList();
    List<String> above = all.subList(all.indexOf(level) + 1, all.size());
    if (count == null || count == above.size()) {
      return null;
    }
    if (count > above.size()) {
      throw new InvalidSpec(
          "levels",
          above.isEmpty()
              ? "cannot be made: %s is the last level of %s".formatted(level, spec.model())
              : "must be 1 to %s, as the levels above %s are %s, not %s"
                  .formatted(above.size(), level, above, count));
    }
    return above.get(count - 1);
  }

  private static ArtifactId sample(LevelView level) {
    return level.products().stream()
        .filter(product -> product.role() == Product.Role.SAMPLE)
        .findFirst()
        .orElseThrow()
        .artifact()
        .id();
  }

  /** Refuses to begin with a file that is lost for good; what can be made again is waited for. */
  private void keep(JobView job, ArtifactId sample) {
    if (!artifacts.verify(sample) && !tasks.remake(job.id(), sample)) {
      throw Problem.lost().refusal();
    }
  }

  /** Returns the tasks of a job whose results a plan takes over. */
  static TakenLevel taken(JobView from, String level, Plan plan) {
    Map<Work, TaskId> done = new HashMap<>();
    for (LevelView one : from.levels()) {
      for (TaskView task : one.tasks()) {
        if (task.state() == TaskState.SUCCEEDED) {
          done.put(task.work(), task.id());
        }
      }
    }
    Map<Integer, TaskId> tasks = new HashMap<>();
    for (Plan.PlannedTask task : plan.tasks()) {
      if (task.taken()) {
        if (!done.containsKey(task.work())) {
          throw Problem.notReady(
                  "the level %s of this job was made by an older glimt, or its latents were not"
                          .formatted(level)
                      + " kept, so a job cannot begin with it; submit the whole job again")
              .refusal();
        }
        tasks.put(task.ordinal(), requireNonNull(done.get(task.work())));
      }
    }
    return new TakenLevel(from.id(), level, tasks);
  }
}
