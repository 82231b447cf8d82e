package glimt.training.clips;

/**
 * The assessment of a list of clips.
 *
 * @param adherence which clips show what their prompts describe
 * @param constancy the fraction of clips with the same subject in the first and the last frame
 * @param distance the Fréchet distance to real clips; NaN if real clips are not available
 */
record ClipAnswer(PromptAdherence adherence, double constancy, double distance) {
  @Override
  public String toString() {
    return adherence.toString();
  }
}
