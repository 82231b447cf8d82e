package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.job.ArtifactId;
import glimt.model.BundleCard;
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
import glimt.ledger.Unmakeable;
import glimt.model.Kind;
import glimt.model.Quality;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns a wish into a job: checks it against the catalogue, plans it, writes it, says so. */
final class Submission {
  /** Far more than any bundle makes; the plan says what it does make. */
  static final int FRAMES_LIMIT = 100_000;

  static final int SIZE_LIMIT = 16_384;
  static final int POINTS_LIMIT = 10_000_000;

  private static final String WAITS =
      "no worker that can make it is there yet: they are starting, and the job waits for one; it"
          + " fails if workers are there for %s seconds without one that can"
              .formatted(Unmakeable.PATIENCE.toSeconds());

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
    Bundles.Offer offer = offer(wish);
    JobSpec spec = spec(wish, offer.bundle().card().name());
    return submit(tenant, spec, offer, key == null ? null : new Jobs.Key(key, digest(wish)));
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
        key == null ? null : new Jobs.Key(key, digest("retry " + job.id())));
  }

  private JobView submit(
      TenantId tenant, JobSpec spec, Bundles.Offer offer, Jobs.@Nullable Key key) {
    Plan plan = Plan.of(spec, offer.bundle().card());
    if (offer.standing() != Bundles.Standing.HERE) {
      plan = plan.with(WAITS);
    }
    JobView job =
        jobs.submit(tenant, spec, offer.bundle().digest(), plan, key)
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

  /** What makes a wish: the bundle it names, or the first of its kind that is there. */
  Bundles.Offer offer(Wish wish) {
    List<Bundles.Offer> offers = bundles.offers();
    if (wish.model() == null) {
      List<Bundles.Offer> kind =
          offers.stream().filter(offer -> offer.bundle().card().kind() == wish.kind()).toList();
      return Stream.of(Bundles.Standing.HERE, Bundles.Standing.COMING)
          .flatMap(standing -> kind.stream().filter(offer -> offer.standing() == standing))
          .findFirst()
          .orElseThrow(() -> noSuchModel(offers, wish.kind(), ""));
    }
    Bundles.Offer named =
        offers.stream()
            .filter(offer -> offer.bundle().card().name().equals(wish.model()))
            .findFirst()
            .orElseThrow(() -> noSuchModel(offers, wish.kind(), ""));
    if (named.standing() == Bundles.Standing.GONE) {
      throw noSuchModel(offers, wish.kind(), "was offered once, and nobody here has it now: it ");
    }
    return named;
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
            ? "no model here makes " + JobDocument.word(kind)
            : because + "must be one of %s for %s".formatted(known, JobDocument.word(kind)));
  }
}
