package glimt.job;

import glimt.model.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for. Null and missing values are taken from the bundle's card by {@link
 * Plan#of}.
 *
 * @param version the version of the spec's form, {@link #VERSION}
 * @param kind what to make
 * @param prompt what the result should look like, at most {@link #PROMPT_LIMIT} characters; blank
 *     only for models that read none
 * @param negativePrompt what the result should not look like, for bundles that support it; or null
 * @param model the name of the bundle
 * @param sampling seed, quality and the base level's sampling
 * @param extents the size of the result: the number of frames, points, or pixels of height and
 *     width, by axis name
 * @param format the format of the media files
 * @param enlarge the side of the square of file pixels that each pixel becomes, up to {@link
 *     #ENLARGE_LIMIT}; null means 1
 * @param input the picture that it begins with; null if it begins with noise alone
 * @param loras the bundle's LoRAs that change its networks, in the order in which they are added
 *     up, at most {@link #LORAS_LIMIT}; null for none
 * @param noiseLevel the step of its chain as far as which each level noises the one below before it
 *     enlarges that; null means the card's
 * @param watermark the mark that is hidden in its files, eight hexadecimal digits; null if none is
 * @param levels which of the model's levels it makes; null for all of its size
 */
public record JobSpec(
    int version,
    Kind kind,
    String prompt,
    @Nullable String negativePrompt,
    String model,
    SamplingOptions sampling,
    Map<String, Integer> extents,
    Format format,
    @Nullable Integer enlarge,
    @Nullable JobInput input,
    @Nullable List<LoraChoice> loras,
    @Nullable Integer noiseLevel,
    @Nullable String watermark,
    @Nullable LevelRange levels) {
  /** The largest {@code noiseLevel}: the last step of the chains of published cascades. */
  public static final int NOISE_LEVEL_LIMIT = 999;

  /** The most LoRAs of a job. */
  public static final int LORAS_LIMIT = 16;

  /** The largest {@code enlarge}. */
  public static final int ENLARGE_LIMIT = 64;

  /** The longest side of an enlarged file, in pixels. */
  public static final int ENLARGED_SIDE_LIMIT = 1024;

  /** The current version of the spec's form. */
  public static final int VERSION = 2;

  /** The longest prompt, in UTF-16 units. */
  public static final int PROMPT_LIMIT = 1000;

  /**
   * Checks the values.
   *
   * @throws InvalidSpec if a value is out of its limits or does not suit the kind
   */
  public JobSpec {
    extents = Map.copyOf(new TreeMap<>(extents));
    loras = loras == null || loras.isEmpty() ? null : List.copyOf(loras);
    if (version != VERSION) {
      throw new InvalidSpec(
          "version", "must be %s, the version of this glimt, not %s".formatted(VERSION, version));
    }
    if (watermark != null && !watermark.matches("[0-9a-f]{8}")) {
      throw new InvalidSpec("watermark", "must be eight hexadecimal digits, not " + watermark);
    }
    checkText("prompt", prompt);
    if (negativePrompt != null) {
      checkText("negativePrompt", negativePrompt);
    }
    extents.forEach(
        (axis, extent) -> {
          if (!kind.axes().contains(axis)) {
            throw new InvalidSpec(
                axis, "does not go with %s, which has %s".formatted(kind, kind.axes()));
          }
          if (extent < 1) {
            throw new InvalidSpec(axis, "must be 1 or more, not " + extent);
          }
        });
    if (enlarge != null && (enlarge < 1 || enlarge > ENLARGE_LIMIT)) {
      throw new InvalidSpec("enlarge", "must be 1 to " + ENLARGE_LIMIT + ", not " + enlarge);
    }
    if (enlarge != null && kind == Kind.POINTS) {
      throw new InvalidSpec("enlarge", "does not go with points, which have no pixels");
    }
    if (loras != null) {
      checkLoras(loras);
    }
    if (noiseLevel != null && (noiseLevel < 0 || noiseLevel > NOISE_LEVEL_LIMIT)) {
      throw new InvalidSpec(
          "noise_level", "must be 0 to %s, not %s".formatted(NOISE_LEVEL_LIMIT, noiseLevel));
    }
    if (format.kind() != kind) {
      throw new InvalidSpec(
          "format",
          "must be one of %s, not %s"
              .formatted(Format.of(kind).stream().map(Format::ending).toList(), format.ending()));
    }
  }

  /** Returns this spec with a mark to hide in its files. */
  public JobSpec marked(String mark) {
    return new JobSpec(
        version,
        kind,
        prompt,
        negativePrompt,
        model,
        sampling,
        extents,
        format,
        enlarge,
        input,
        loras,
        noiseLevel,
        mark,
        levels);
  }

  /**
   * Returns this spec with another prompt, which makes every level by itself. It has no mark, which
   * would be another too.
   */
  public JobSpec reworded(String other) {
    return with(other, sampling, LevelRange.of(until(), null, null));
  }

  /** Returns this spec with another seed and no mark. */
  public JobSpec seeded(long seed) {
    return with(prompt, sampling.with(seed), levels);
  }

  /** Returns this spec with another last level and no mark; null for the highest of its size. */
  public JobSpec until(@Nullable String level) {
    return with(prompt, sampling, LevelRange.to(levels, level));
  }

  /** Returns this spec without a mark, which takes a level over that other words or seeds made. */
  public JobSpec after(String level, ArtifactId sample) {
    return with(prompt, sampling, LevelRange.of(until(), level, sample));
  }

  /** Returns the last level that it makes; null for the highest of its size. */
  public @Nullable String until() {
    return levels == null ? null : levels.until();
  }

  private JobSpec with(String words, SamplingOptions options, @Nullable LevelRange range) {
    return new JobSpec(
        version,
        kind,
        words,
        negativePrompt,
        model,
        options,
        extents,
        format,
        enlarge,
        input,
        loras,
        noiseLevel,
        null,
        range);
  }

  /** Makes a spec of every level. */
  public JobSpec(
      int version,
      Kind kind,
      String prompt,
      @Nullable String negativePrompt,
      String model,
      SamplingOptions sampling,
      Map<String, Integer> extents,
      Format format,
      @Nullable Integer enlarge,
      @Nullable JobInput input,
      @Nullable List<LoraChoice> loras,
      @Nullable Integer noiseLevel,
      @Nullable String watermark) {
    this(
        version,
        kind,
        prompt,
        negativePrompt,
        model,
        sampling,
        extents,
        format,
        enlarge,
        input,
        loras,
        noiseLevel,
        watermark,
        null);
  }

  /** Makes a spec that begins with noise alone and has no watermark. */
  public JobSpec(
      int version,
      Kind kind,
      String prompt,
      @Nullable String negativePrompt,
      String model,
      SamplingOptions sampling,
      Map<String, Integer> extents,
      Format format,
      @Nullable Integer enlarge) {
    this(version, kind, prompt, negativePrompt, model, sampling, extents, format, enlarge, null);
  }

  /** Makes a spec without LoRAs or a watermark, and with the card's noise between levels. */
  public JobSpec(
      int version,
      Kind kind,
      String prompt,
      @Nullable String negativePrompt,
      String model,
      SamplingOptions sampling,
      Map<String, Integer> extents,
      Format format,
      @Nullable Integer enlarge,
      @Nullable JobInput input) {
    this(
        version,
        kind,
        prompt,
        negativePrompt,
        model,
        sampling,
        extents,
        format,
        enlarge,
        input,
        null,
        null,
        null);
  }

  /** Makes a spec of the current version, without a negative prompt and not enlarged. */
  public JobSpec(
      Kind kind,
      String prompt,
      String model,
      SamplingOptions sampling,
      Map<String, Integer> extents,
      Format format) {
    this(VERSION, kind, prompt, null, model, sampling, extents, format, null);
  }

  /** Returns the LoRAs that it chose. */
  public List<LoraChoice> chosenLoras() {
    return loras == null ? List.of() : loras;
  }

  private static void checkLoras(List<LoraChoice> loras) {
    if (loras.size() > LORAS_LIMIT) {
      throw new InvalidSpec(
          "loras", "must be at most %s, not %s".formatted(LORAS_LIMIT, loras.size()));
    }
    Set<String> names = new HashSet<>();
    for (LoraChoice lora : loras) {
      if (!names.add(lora.name())) {
        throw new InvalidSpec(
            "loras", "must have each name once, not %s twice".formatted(lora.name()));
      }
    }
  }

  private static void checkText(String field, String text) {
    if (text.length() > PROMPT_LIMIT) {
      throw new InvalidSpec(
          field, "must be at most %s characters, not %s".formatted(PROMPT_LIMIT, text.length()));
    }
    if (text.chars().anyMatch(c -> Character.isISOControl(c) && !Character.isWhitespace(c))
        || text.codePoints().anyMatch(JobSpec::isHalfACharacter)) {
      throw new InvalidSpec(field, "must be text, without control characters");
    }
  }

  /** An unpaired surrogate, which UTF-8 cannot encode. */
  private static boolean isHalfACharacter(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
