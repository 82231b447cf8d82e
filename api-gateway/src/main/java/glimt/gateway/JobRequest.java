package glimt.gateway;

import com.fasterxml.jackson.annotation.JsonInclude;
import glimt.job.ArtifactId;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobClass;
import glimt.job.JobInput;
import glimt.job.JobLimits;
import glimt.job.JobSpec;
import glimt.job.LoraChoice;
import glimt.job.SamplingOptions;
import glimt.model.BundleCard;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Quality;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request for a job, whether it came through {@code /v1/jobs} or {@code
 * /v1/videos}. The farm chooses whatever is null or missing.
 *
 * @param seed null for a random seed
 * @param urgency null for a normal job
 * @param limits what the job may take
 * @param watermark false for files without a mark; null means true
 * @param adaptive true if walks end early, which is asked for in the place of {@code steps}; else
 *     null, and then not written, so that digests of requests stay as they were
 * @param extents the requested number of frames, pixels or points, by the name of the axis
 */
record JobRequest(
    Kind kind,
    @Nullable String prompt,
    @Nullable String negativePrompt,
    @Nullable String model,
    @Nullable Long seed,
    @Nullable Integer steps,
    @Nullable Double guidance,
    @Nullable String sampler,
    @Nullable Quality quality,
    @Nullable GuidanceRule guidanceRule,
    @Nullable Schedule schedule,
    @Nullable Thresholds thresholds,
    Map<String, Integer> extents,
    @Nullable Format format,
    @Nullable Integer enlarge,
    @Nullable JobInput input,
    @Nullable List<LoraChoice> loras,
    @Nullable Integer noiseLevel,
    @Nullable JobClass urgency,
    JobLimits limits,
    @Nullable Boolean watermark,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Boolean adaptive) {
  /** Far more than any bundle makes; the plan checks the bundle's own limit. */
  static final int FRAMES_LIMIT = 100_000;

  static final int SIZE_LIMIT = 16_384;
  static final int POINTS_LIMIT = 10_000_000;

  private static final Duration DEADLINE_LIMIT = Duration.ofDays(3650);

  /** The field that holds the side of a square, or WIDTHxHEIGHT. */
  static final String SIZE = "size";

  private static final Pattern PIXELS = Pattern.compile("(\\d{1,5})x(\\d{1,5})");

  JobRequest {
    extents = Map.copyOf(extents);
    loras = loras == null ? null : List.copyOf(loras);
  }

  /** Reads the fields of {@code POST /v1/jobs}. */
  static JobRequest of(Fields fields) {
    Kind kind =
        Objects.requireNonNullElse(
            fields.choice("kind", List.of(Kind.values()), JobDocument::word), Kind.VIDEO);
    JobRequest request =
        new JobRequest(
            kind,
            fields.text("prompt"),
            fields.text("negative_prompt"),
            fields.text("model"),
            seed(fields),
            auto(fields) ? null : fields.whole("steps", 1, SamplingOptions.STEPS_LIMIT),
            fields.number("guidance", 0, SamplingOptions.GUIDANCE_LIMIT),
            fields.text("sampler"),
            fields.choice("quality", List.of(Quality.values()), JobDocument::word),
            fields.object("guidanceRule", GuidanceRule.class),
            fields.object("schedule", Schedule.class),
            fields.object("thresholds", Thresholds.class),
            extents(fields, kind, "frames"),
            fields.choice("format", Format.of(kind), Format::ending),
            fields.whole("enlarge", 1, JobSpec.ENLARGE_LIMIT),
            input(fields),
            loras(fields),
            fields.whole("noise_level", 0, JobSpec.NOISE_LEVEL_LIMIT),
            fields.choice("class", List.of(JobClass.values()), JobDocument::word),
            limits(fields),
            fields.flag("watermark"),
            auto(fields) ? true : null);
    fields.end();
    return request;
  }

  private static boolean auto(Fields fields) {
    return fields.says("steps", SamplingOptions.AUTO);
  }

  private static JobLimits limits(Fields fields) {
    return new JobLimits(deadline(fields), fields.number("budget_seconds", 0, Double.MAX_VALUE));
  }

  /** A deadline that has not passed; null if there is none. */
  static @Nullable Instant deadline(Fields fields) {
    String text = fields.text("deadline");
    if (text == null) {
      return null;
    }
    try {
      Instant deadline = OffsetDateTime.parse(text).toInstant();
      Instant now = Instant.now(Clock.systemUTC());
      if (deadline.isAfter(now) && deadline.isBefore(now.plus(DEADLINE_LIMIT))) {
        return deadline;
      }
    } catch (DateTimeParseException _) {
      // Refused below.
    }
    throw new InvalidSpec(
        "deadline",
        "must be a time in the next 10 years with its zone, such as 2030-01-31T18:00:00+01:00, not %s"
            .formatted(Fields.shown(text)));
  }

  /** The picture or clip that the job begins with, by the name that the farm gave it. */
  private static @Nullable JobInput input(Fields fields) {
    String image = fields.text("input_image");
    String video = fields.text("input_video");
    Double strength = fields.number("strength", 0, 1);
    if (image == null && video == null) {
      if (strength != null) {
        throw new InvalidSpec(
            "strength", "says how far an input_image is changed, or an input_video; give one");
      }
      return null;
    }
    Double usual = Objects.requireNonNullElse(strength, JobInput.USUAL_STRENGTH);
    return new JobInput(
        digest(image, "input_image", "the image that POST /v1/images answered"),
        video == null ? strength : usual,
        digest(video, "input_video", "the video that POST /v1/clips answered"));
  }

  private static @Nullable ArtifactId digest(@Nullable String given, String field, String meaning) {
    try {
      return given == null ? null : new ArtifactId(given);
    } catch (IllegalArgumentException e) {
      throw new InvalidSpec(field, "must be %s: 64 hexadecimal digits".formatted(meaning));
    }
  }

  /** The LoRAs that the job chooses, by the names that the model's card gives them. */
  private static @Nullable List<LoraChoice> loras(Fields fields) {
    LoraChoice[] loras = fields.object("loras", LoraChoice[].class);
    return loras == null ? null : List.of(loras);
  }

  /** The requested seed; null for a random seed, which other programs write as -1. */
  static @Nullable Long seed(Fields fields) {
    Long seed = fields.whole("seed", -1, SamplingOptions.SEED_LIMIT);
    return seed != null && seed == -1 ? null : seed;
  }

  /**
   * Reads the requested extents, by axis.
   *
   * @param frames the name of the field with the number of frames
   * @throws InvalidSpec if an extent is not valid or the kind has no such axis
   */
  static Map<String, Integer> extents(Fields fields, Kind kind, String frames) {
    Map<String, Integer> extents = new LinkedHashMap<>();
    put(extents, kind, "frames", fields.whole(frames, 1, FRAMES_LIMIT));
    put(extents, kind, "points", fields.whole("points", 1, POINTS_LIMIT));
    Integer width = fields.whole("width", 1, SIZE_LIMIT);
    Integer height = fields.whole("height", 1, SIZE_LIMIT);
    String size = fields.textOrNumber(SIZE);
    if (size != null) {
      if (width != null || height != null) {
        throw new InvalidSpec(
            SIZE, "stands for width and height; give either size, or width and height");
      }
      Matcher pixels = PIXELS.matcher(size.matches("\\d{1,5}") ? size + "x" + size : size);
      if (!pixels.matches() || over(pixels.group(1)) || over(pixels.group(2))) {
        throw new InvalidSpec(
            SIZE,
            "must be a number of pixels up to %s, or WIDTHxHEIGHT, not %s"
                .formatted(SIZE_LIMIT, Fields.shown(size)));
      }
      width = Integer.valueOf(pixels.group(1));
      height = Integer.valueOf(pixels.group(2));
    }
    put(extents, kind, "width", width);
    put(extents, kind, "height", height);
    return extents;
  }

  private static boolean over(String pixels) {
    int count = Integer.parseInt(pixels);
    return count < 1 || count > SIZE_LIMIT;
  }

  private static void put(
      Map<String, Integer> extents, Kind kind, String axis, @Nullable Integer extent) {
    if (extent != null) {
      if (!kind.axes().contains(axis)) {
        String field = axis.equals("width") || axis.equals("height") ? SIZE : axis;
        throw new InvalidSpec(
            field,
            "does not apply to this kind: %s has %s"
                .formatted(JobDocument.word(kind), String.join(", ", kind.axes())));
      }
      extents.put(axis, extent);
    }
  }

  /**
   * The spec of the job.
   *
   * @param bundle the card of a bundle that makes this kind
   * @param drawn the seed to use if the request has none
   * @throws InvalidSpec if a field is missing or not valid
   */
  JobSpec spec(BundleCard bundle, long drawn) {
    return new JobSpec(
        JobSpec.VERSION,
        kind,
        Objects.requireNonNullElse(prompt, ""),
        negativePrompt,
        bundle.name(),
        new SamplingOptions(
            Objects.requireNonNullElse(seed, drawn),
            steps,
            guidance,
            sampler,
            quality,
            guidanceRule,
            schedule,
            thresholds,
            adaptive),
        extents,
        Objects.requireNonNullElse(format, Format.of(kind).getFirst()),
        enlarge,
        begun(bundle),
        loras,
        noiseLevel,
        null);
  }

  /** What the job begins with: a picture that is changed needs a strength, any other has none. */
  private @Nullable JobInput begun(BundleCard bundle) {
    if (input == null || kind != Kind.IMAGE || input.strength() != null) {
      return input;
    }
    boolean changed = bundle.levels().getFirst().firstFrame() == null;
    return changed && input.image() != null
        ? JobInput.changed(input.image(), JobInput.USUAL_STRENGTH)
        : input;
  }
}
