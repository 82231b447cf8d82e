package glimt.safety.filter;

import glimt.job.FilterDecision;

/** A content filter stopped something; its job ends. */
public final class FilterStop extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient FilterDecision decision;

  public FilterStop(FilterDecision decision) {
    super(decision.reason());
    this.decision = decision;
  }

  public FilterDecision decision() {
    return decision;
  }
}
