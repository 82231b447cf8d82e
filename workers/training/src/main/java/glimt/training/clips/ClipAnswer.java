package glimt.training.clips;

/**
 * What is found when clips made for prompts are judged.
 *
 * @param adherence which of them show what was asked for
 * @param constancy the share whose subject is the same in the first and the last frame
 * @param distance the Fréchet distance to real clips; NaN where there are none at hand
 */
record ClipAnswer(PromptAdherence adherence, double constancy, double distance) {
  @Override
  public String toString() {
    return adherence.toString();
  }
}
