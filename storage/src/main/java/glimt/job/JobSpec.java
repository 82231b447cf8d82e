package glimt.job;

import glimt.model.Kind;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a person asked for. What is null or missing is left to the bundle's card; {@link Plan#of}
 * resolves it.
 *
 * @param version how it is written: {@link #VERSION}
 * @param negativePrompt what the result should not look like, for bundles that can be told
 * @param model the name of the bundle
 * @param extents how many of what: frames, height, width or points, by axis
 * @param format of the files that people open
 * @param enlarge how many pixels of a file each pixel becomes, in both directions; null for one
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
    @Nullable Integer enlarge) {
  public static final int ENLARGE_LIMIT = 64;

  /** No file is enlarged beyond so many pixels. */
  public static final int ENLARGED_SIDE_LIMIT = 1024;

  /** How specs are written now. */
  public static final int VERSION = 2;

  public static final int PROMPT_LIMIT = 1000;

  public JobSpec {
    extents = Map.copyOf(new TreeMap<>(extents));
    if (version != VERSION) {
      throw new InvalidSpec(
          "version", "must be %s, as this glimt writes, not %s".formatted(VERSION, version));
    }
    if (prompt.isBlank()) {
      throw new InvalidSpec("prompt", "must say what to make");
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
    if (format.kind() != kind) {
      throw new InvalidSpec(
          "format",
          "must be one of %s, not %s"
              .formatted(Format.of(kind).stream().map(Format::ending).toList(), format.ending()));
    }
  }

  /** A spec of today's version, without a negative prompt. */
  public JobSpec(
      Kind kind,
      String prompt,
      String model,
      SamplingOptions sampling,
      Map<String, Integer> extents,
      Format format) {
    this(VERSION, kind, prompt, null, model, sampling, extents, format, null);
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

  /** A surrogate without its other half, which no encoding of text can carry. */
  private static boolean isHalfACharacter(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
