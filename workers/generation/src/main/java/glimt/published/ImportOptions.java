package glimt.published;

/**
 * What whoever imports a pipeline may choose.
 *
 * @param name of the bundle; empty for the folder's
 * @param variant of the weights that is preferred, such as {@code fp16}; empty for the full files
 * @param clipSkip how many of the last layers of a CLIP text encoder are left out
 * @param textLength how many tokens of a prompt a T5 text encoder reads; 0 for as many as the
 *     pipeline
 * @param singleFile for a file of weights alone
 */
public record ImportOptions(
    String name, String variant, int clipSkip, int textLength, SingleFileOptions singleFile) {
  /** The most layers that can be left out. */
  static final int CLIP_SKIP_LIMIT = 2;

  public ImportOptions {
    if (clipSkip < 0 || clipSkip > CLIP_SKIP_LIMIT) {
      throw new IllegalArgumentException(
          "clip-skip must be 0 to %s, not %s".formatted(CLIP_SKIP_LIMIT, clipSkip));
    }
    if (textLength < 0) {
      throw new IllegalArgumentException("text-length must be 0 or more, not " + textLength);
    }
  }

  /** For a folder, which says all else itself. */
  public ImportOptions(String name, String variant, int clipSkip, int textLength) {
    this(name, variant, clipSkip, textLength, SingleFileOptions.NONE);
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
