package glimt.model;

import java.util.List;

/**
 * Byte-pair encoding, as CLIP reads (Sennrich et al. 2016).
 *
 * @param files of the bundle: {@code tokenizer.json}, or {@code vocab.json} and {@code merges.txt}
 * @param length how many ids a prompt is padded or cut to
 * @param padding the id that fills up
 * @param marks whether the ids of begin and end are added
 * @param lowerCase whether the prompt is read in lower case
 */
public record BytePair(
    List<String> files, int length, int padding, boolean marks, boolean lowerCase)
    implements PromptReader {
  public BytePair {
    files = List.copyOf(files);
    if (files.isEmpty() || length < 1 || padding < 0) {
      throw new IllegalArgumentException(
          "a reader needs files, a length of 1 or more and a padding id");
    }
  }
}
