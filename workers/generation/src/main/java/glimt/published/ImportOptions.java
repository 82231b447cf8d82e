package glimt.published;

import glimt.model.NumberFormat;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What whoever imports a pipeline may choose.
 *
 * @param name of the bundle; empty for the folder's
 * @param variant of the weights that is preferred, such as {@code fp16}; empty for the full files
 * @param clipSkip how many of the last layers of a CLIP text encoder are left out
 * @param textLength how many tokens of a prompt a T5 text encoder reads; 0 for as many as the
 *     pipeline
 * @param loras merged into the weights, in this order
 * @param offered LoRAs that jobs may choose, each with a name of its own
 * @param singleFile for a file of weights alone
 * @param dtype that the weights are kept in, and the networks compute in; null leaves the weights
 *     as they are published, and the computation to the worker
 */
public record ImportOptions(
    String name,
    String variant,
    int clipSkip,
    int textLength,
    List<LoraFile> loras,
    List<NamedLora> offered,
    SingleFileOptions singleFile,
    @Nullable NumberFormat dtype) {
  /**
   * A LoRA that jobs may choose by its name.
   *
   * @param name as {@link glimt.model.LoraAdapter} allows
   */
  public record NamedLora(String name, Path file) {
    /**
     * Reads {@code NAME=FILE}.
     *
     * @throws IllegalArgumentException if it is not of that form
     */
    public static NamedLora parse(String text) {
      int equals = text.indexOf('=');
      if (equals < 1 || equals == text.length() - 1) {
        throw new IllegalArgumentException("a LoRA that jobs may choose is NAME=FILE, not " + text);
      }
      return new NamedLora(text.substring(0, equals), Path.of(text.substring(equals + 1)));
    }
  }

  /**
   * Low-rank changes that are merged into the weights (Hu et al. 2021).
   *
   * @param weight 1 is as they were trained
   */
  public record LoraFile(Path file, double weight) {
    /**
     * Reads {@code FILE} or {@code FILE:WEIGHT}.
     *
     * @throws IllegalArgumentException if the weight is no number
     */
    public static LoraFile parse(String text) {
      int colon = text.lastIndexOf(':');
      if (colon < 1 || text.indexOf('/', colon) >= 0) {
        return new LoraFile(Path.of(text), 1);
      }
      String weight = text.substring(colon + 1);
      try {
        return new LoraFile(Path.of(text.substring(0, colon)), Double.parseDouble(weight));
      } catch (NumberFormatException wrong) {
        throw new IllegalArgumentException(
            "a LoRA is FILE or FILE:WEIGHT, where the weight is a number, not " + weight, wrong);
      }
    }

    public LoraFile {
      if (!Double.isFinite(weight)) {
        throw new IllegalArgumentException("a LoRA's weight must be finite, not " + weight);
      }
    }
  }

  /** The same without LoRA. */
  public ImportOptions(String name, String variant, int clipSkip, int textLength) {
    this(name, variant, clipSkip, textLength, List.of());
  }

  /** The same of a folder. */
  public ImportOptions(
      String name, String variant, int clipSkip, int textLength, List<LoraFile> loras) {
    this(name, variant, clipSkip, textLength, loras, SingleFileOptions.NONE);
  }

  /** The same in the published format. */
  public ImportOptions(
      String name,
      String variant,
      int clipSkip,
      int textLength,
      List<LoraFile> loras,
      SingleFileOptions singleFile) {
    this(name, variant, clipSkip, textLength, loras, List.of(), singleFile, null);
  }

  /** The same without LoRAs that jobs may choose. */
  public ImportOptions(
      String name,
      String variant,
      int clipSkip,
      int textLength,
      List<LoraFile> loras,
      SingleFileOptions singleFile,
      @Nullable NumberFormat dtype) {
    this(name, variant, clipSkip, textLength, loras, List.of(), singleFile, dtype);
  }

  /**
   * Reads {@code float32}, {@code bfloat16} or {@code float16}; empty is as published.
   *
   * @throws IllegalArgumentException if it is none of them
   */
  public static @Nullable NumberFormat dtype(String text) {
    return switch (text) {
      case "" -> null;
      case "float32" -> NumberFormat.FLOAT32;
      case "bfloat16" -> NumberFormat.BFLOAT16;
      case "float16" -> NumberFormat.FLOAT16;
      default ->
          throw new IllegalArgumentException(
              "dtype must be float32, bfloat16 or float16, not " + text);
    };
  }

  /** The most layers that can be left out. */
  static final int CLIP_SKIP_LIMIT = 2;

  public ImportOptions {
    loras = List.copyOf(loras);
    offered = List.copyOf(offered);
    Set<String> names = new HashSet<>();
    for (NamedLora one : offered) {
      if (!names.add(one.name())) {
        throw new IllegalArgumentException("two LoRAs are called " + one.name());
      }
    }
    if (clipSkip < 0 || clipSkip > CLIP_SKIP_LIMIT) {
      throw new IllegalArgumentException(
          "clip-skip must be 0 to %s, not %s".formatted(CLIP_SKIP_LIMIT, clipSkip));
    }
    if (textLength < 0) {
      throw new IllegalArgumentException("text-length must be 0 or more, not " + textLength);
    }
  }

  /** How many tokens there are to be, where the pipeline has so many. */
  int textLength(int usual) {
    return textLength == 0 ? usual : textLength;
  }

  /** Everything as it is published. */
  public static ImportOptions asPublished() {
    return new ImportOptions("", "", 0, 0);
  }
}
