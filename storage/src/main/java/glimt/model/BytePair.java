package glimt.model;

import java.util.List;

/**
 * A byte-pair encoding tokenizer, such as CLIP's (Sennrich et al. 2016).
 *
 * @param files names of files in the bundle: {@code tokenizer.json}, or {@code vocab.json} and
 *     {@code merges.txt}
 * @param length the number of ids that a prompt is padded or cut to
 * @param padding the id used for padding
 * @param marks whether the ids that mark begin and end are added
 * @param lowerCase whether the prompt is converted to lower case first
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
