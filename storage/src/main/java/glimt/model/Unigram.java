package glimt.model;

import java.util.List;

/**
 * A unigram language model, as T5 reads (Kudo 2018).
 *
 * @param files of the bundle: {@code tokenizer.json}, or {@code spiece.model}
 * @param length how many ids a prompt is padded or cut to
 * @param padding the id that fills up
 * @param marks whether the ids of begin and end are added
 * @param lowerCase whether the prompt is read in lower case
 */
public record Unigram(List<String> files, int length, int padding, boolean marks, boolean lowerCase)
    implements PromptReader {
  public Unigram {
    files = List.copyOf(files);
    if (files.isEmpty() || length < 1 || padding < 0) {
      throw new IllegalArgumentException(
          "a reader needs files, a length of 1 or more and a padding id");
    }
  }
}
