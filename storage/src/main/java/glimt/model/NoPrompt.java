package glimt.model;

import java.util.List;

/**
 * The reader of a model without conditions, which makes samples of one kind whatever it is told.
 */
public record NoPrompt() implements PromptReader {
  @Override
  public int length() {
    return 0;
  }

  @Override
  public List<String> warnings(String prompt) {
    return prompt.isBlank()
        ? List.of()
        : List.of("the model reads no prompt, so the prompt does not steer the result");
  }
}
