package glimt.model;

import java.util.List;

/** How a prompt becomes the token ids that a network reads. */
public sealed interface PromptReader permits WordList, BytePair, Unigram, WordPiece {
  /** How many ids a prompt is padded or cut to. */
  int length();

  /** What a person should know of a prompt that can be known without the reader's files. */
  default List<String> warnings(String prompt) {
    return List.of();
  }
}
