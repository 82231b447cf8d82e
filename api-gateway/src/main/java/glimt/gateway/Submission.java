package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.job.ArtifactId;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.Bundles;
import glimt.ledger.Jobs;
import glimt.model.Kind;
import glimt.model.Quality;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Turns a wish into a job: checks it against the catalogue, plans it, writes it, says so. */
final class Submission {
  /** Far more than any bundle makes; the plan says what it does make. */
  static final int FRAMES_LIMIT = 100_000;

  static final int SIZE_LIMIT = 16_384;
  static final int POINTS_LIMIT = 10_000_000;

  /** What was asked for, whatever surface it came through; null is left to us. */
  record Wish(
      Kind kind,
      @Nullable String prompt,
      @Nullable String model,
      @Nullable Long seed,
      @Nullable Integer steps,
      @Nullable Double guidance,
      @Nullable String sampler,
      @Nullable Quality quality,
      @Nullable Integer frames,
      @Nullable Integer size,
      @Nullable Integer points,
      @Nullable Format format,
      @Nullable Integer enlarge) {

    /** Reads the fields of {@code POST /v1/jobs}. */
    static Wish of(Fields fields) {
      Kind kind =
          Objects.requireNonNullElse(
              fields.choice("kind", List.of(Kind.values()), JobDocument::word), Kind.VIDEO);
      Wish wish =
          new Wish(
              kind,
              fields.text("prompt"),
              fields.text("model"),
              seed(fields),
              fields.whole("steps", 1, JobSpec.STEPS_LIMIT),
              fields.number("guidance", 0, JobSpec.GUIDANCE_LIMIT),
              fields.text("sampler"),
              fields.choice("quality", List.of(Quality.values()), JobDocument::word),
              fields.whole("frames", 1, FRAMES_LIMIT),
              fields.whole("size", 1, SIZE_LIMIT),
              fields.whole("points", 1, POINTS_LIMIT),
              fields.choice("format", Format.of(kind), Format::ending),
              fields.whole("enlarge", 1, JobSpec.ENLARGE_LIMIT));
      fields.end();
      return wish;
    }

    /** The seed asked for; null for a new one, which the field's other programs write as -1. */
    static @Nullable Long seed(Fields fields) {
      Long seed = fields.whole("seed", -1, JobSpec.SEED_LIMIT);
      return seed != null && seed == -1 ? null : seed;
    }
  }

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
   * @throws InvalidSpec if the wish cannot be granted; nothing is written
   */
  JobView submit(TenantId tenant, Wish wish, @Nullable String key) {
    if (wish.sampler() != null && !samplers.contains(wish.sampler())) {
      throw new InvalidSpec("sampler", "must be one of %s".formatted(samplers));
    }
    Bundles.Entry bundle = bundle(wish);
    JobSpec spec = spec(wish, bundle.card().name());
    return submit(tenant, spec, bundle, key == null ? null : new Jobs.Key(key, digest(wish)));
  }

  /**
   * Asks once more for what a job did not come to make. It is another job: an ending is final.
   *
   * @throws Problem.Refusal unless it failed or was cancelled
   */
  JobView again(TenantId tenant, JobView job, @Nullable String key) {
    if (!job.state().ended()) {
      throw Problem.notEnded(job.state()).refusal();
    }
    if (job.state() == JobState.SUCCEEDED) {
      throw Problem.ended(job.state(), "there is nothing to retry").refusal();
    }
    Bundles.Entry bundle = bundles.byDigest(job.card()).orElseThrow();
    return submit(
        tenant,
        job.spec(),
        bundle,
        key == null ? null : new Jobs.Key(key, digest("retry " + job.id())));
  }

  private JobView submit(
      TenantId tenant, JobSpec spec, Bundles.Entry bundle, Jobs.@Nullable Key key) {
    JobView job =
        jobs.submit(tenant, spec, bundle.digest(), Plan.of(spec, bundle.card()), key)
            .orElseThrow(() -> Problem.keyReused().refusal());
    farm.tasksReady();
    return job;
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

  Bundles.Entry bundle(Wish wish) {
    if (wish.model() != null && wish.model().length() <= 200 && wish.model().indexOf(0) < 0) {
      return bundles.find(wish.model()).orElseThrow(() -> noSuchModel(wish.kind()));
    }
    return bundles.list().stream()
        .filter(entry -> wish.model() == null && entry.card().kind() == wish.kind())
        .findFirst()
        .orElseThrow(() -> noSuchModel(wish.kind()));
  }

  private JobSpec spec(Wish wish, String model) {
    if (wish.prompt() == null) {
      throw new InvalidSpec("prompt", "must say what to make");
    }
    long seed = wish.seed() == null ? random.nextLong(JobSpec.SEED_LIMIT + 1) : wish.seed();
    JobSpec.Wishes wishes =
        new JobSpec.Wishes(seed, wish.steps(), wish.guidance(), wish.sampler(), wish.quality());
    Format format = Objects.requireNonNullElse(wish.format(), Format.of(wish.kind()).getFirst());
    return switch (wish.kind()) {
      case VIDEO -> {
        absent("points", wish.points(), "a video has frames and a size");
        yield new JobSpec.Video(
            wish.prompt(), model, wishes, wish.frames(), wish.size(), format, wish.enlarge());
      }
      case POINTS -> {
        absent("frames", wish.frames(), "a point cloud has points");
        absent("size", wish.size(), "a point cloud has points");
        absent("enlarge", wish.enlarge(), "a point cloud has no pixels");
        yield new JobSpec.PointCloud(wish.prompt(), model, wishes, wish.points(), format);
      }
    };
  }

  private static void absent(String field, @Nullable Integer value, String because) {
    if (value != null) {
      throw new InvalidSpec(field, "does not go with this kind: " + because);
    }
  }

  private InvalidSpec noSuchModel(Kind kind) {
    List<String> known =
        bundles.list().stream()
            .filter(entry -> entry.card().kind() == kind)
            .map(entry -> entry.card().name())
            .toList();
    return new InvalidSpec(
        "model",
        known.isEmpty()
            ? "no model here makes " + JobDocument.word(kind)
            : "must be one of %s for %s".formatted(known, JobDocument.word(kind)));
  }
}
