package glimt.gateway;

import glimt.job.FilterDecision;
import glimt.model.Kind;

/** Asks the farm's content filter whether a prompt may become a job. */
@FunctionalInterface
public interface PromptCheck {
  /** Lets everything pass, and says so. */
  PromptCheck OFF =
      (_, _, _) -> FilterDecision.allow(FilterDecision.FilterStage.PROMPT, FilterDecision.OFF);

  /**
   * Decides; blocks until the filter has answered.
   *
   * @param model the name of the bundle
   * @throws NoDecision if the filter cannot be asked, and nothing may pass then
   */
  FilterDecision decide(Kind kind, String model, String prompt);

  /** The filter cannot be asked; the message says why. */
  final class NoDecision extends RuntimeException {
    private static final long serialVersionUID = 1;

    public NoDecision(String why, Throwable cause) {
      super(why, cause);
    }
  }
}
