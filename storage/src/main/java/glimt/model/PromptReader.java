package glimt.model;

import java.util.List;

/** How a prompt becomes the token ids that a network reads. */
public sealed interface PromptReader
    permits WordList, ClassNames, NoPrompt, BytePair, Unigram, WordPiece {
  /** Returns the number of ids that a prompt is padded or cut to. */
  int length();

  /** Returns warnings about a prompt, as far as they can be found without the reader's files. */
  default List<String> warnings(String prompt) {
    return List.of();
  }
}
