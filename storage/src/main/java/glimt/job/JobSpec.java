package glimt.job;

import glimt.model.Kind;
import glimt.model.Quality;
import org.jspecify.annotations.Nullable;

/**
 * What a person asked for. What is null is left to the bundle's card; {@link Plan#of} resolves it.
 */
public sealed interface JobSpec {
  int PROMPT_LIMIT = 1000;

  /** The largest seed that survives every JSON reader: 2^53 - 1. */
  long SEED_LIMIT = (1L << 53) - 1;

  /** At most this many steps of the base level. */
  int STEPS_LIMIT = 1000;

  double GUIDANCE_LIMIT = 20;

  int ENLARGE_LIMIT = 64;

  /** No file is enlarged beyond so many pixels. */
  int ENLARGED_SIDE_LIMIT = 1024;

  String prompt();

  /** The name of the bundle. */
  String model();

  Wishes wishes();

  Format format();

  Kind kind();

  /**
   * @param frames how many frames, or null for the card's most
   * @param size width and height in pixels, or null for the card's most
   * @param enlarge how many pixels of the file each of these becomes, in both directions, or null
   *     for one
   */
  record Video(
      String prompt,
      String model,
      Wishes wishes,
      @Nullable Integer frames,
      @Nullable Integer size,
      Format format,
      @Nullable Integer enlarge)
      implements JobSpec {
    public Video {
      check(prompt, Kind.VIDEO, format);
      if (enlarge != null && (enlarge < 1 || enlarge > ENLARGE_LIMIT)) {
        throw new InvalidSpec("enlarge", "must be 1 to " + ENLARGE_LIMIT + ", not " + enlarge);
      }
    }

    /** A video whose file has the size it is made in. */
    public Video(
        String prompt,
        String model,
        Wishes wishes,
        @Nullable Integer frames,
        @Nullable Integer size,
        Format format) {
      this(prompt, model, wishes, frames, size, format, null);
    }

    @Override
    public Kind kind() {
      return Kind.VIDEO;
    }
  }

  /**
   * @param points how many points, or null for the card's most
   */
  record PointCloud(
      String prompt, String model, Wishes wishes, @Nullable Integer points, Format format)
      implements JobSpec {
    public PointCloud {
      check(prompt, Kind.POINTS, format);
    }

    @Override
    public Kind kind() {
      return Kind.POINTS;
    }
  }

  /**
   * How to sample. The seed steers every level; steps, guidance and sampler steer the base, where
   * the content is decided: the levels above keep what their card says.
   *
   * @param quality of every level; null is full
   */
  record Wishes(
      long seed,
      @Nullable Integer steps,
      @Nullable Double guidance,
      @Nullable String sampler,
      @Nullable Quality quality) {
    /** Wishes of full quality. */
    public Wishes(
        long seed, @Nullable Integer steps, @Nullable Double guidance, @Nullable String sampler) {
      this(seed, steps, guidance, sampler, null);
    }

    public Wishes {
      if (seed < 0 || seed > SEED_LIMIT) {
        throw new InvalidSpec("seed", "must be 0 to " + SEED_LIMIT + ", not " + seed);
      }
      if (steps != null && (steps < 1 || steps > STEPS_LIMIT)) {
        throw new InvalidSpec("steps", "must be 1 to " + STEPS_LIMIT + ", not " + steps);
      }
      if (guidance != null && !(guidance >= 0 && guidance <= GUIDANCE_LIMIT)) {
        throw new InvalidSpec("guidance", "must be 0 to " + GUIDANCE_LIMIT + ", not " + guidance);
      }
    }
  }

  /** A surrogate without its other half, which no encoding of text can carry. */
  private static boolean isHalfACharacter(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  private static void check(String prompt, Kind kind, Format format) {
    if (prompt.isBlank()) {
      throw new InvalidSpec("prompt", "must say what to make");
    }
    if (prompt.length() > PROMPT_LIMIT) {
      throw new InvalidSpec(
          "prompt",
          "must be at most %s characters, not %s".formatted(PROMPT_LIMIT, prompt.length()));
    }
    if (prompt.chars().anyMatch(c -> Character.isISOControl(c) && !Character.isWhitespace(c))
        || prompt.codePoints().anyMatch(JobSpec::isHalfACharacter)) {
      throw new InvalidSpec("prompt", "must be text, without control characters");
    }
    if (format.kind() != kind) {
      throw new InvalidSpec(
          "format",
          "must be one of %s, not %s"
              .formatted(Format.of(kind).stream().map(Format::ending).toList(), format.ending()));
    }
  }
}
