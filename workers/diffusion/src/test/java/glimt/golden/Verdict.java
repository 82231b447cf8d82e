package glimt.golden;

/** How a case ended. */
enum Verdict {
  /**
   * Schedule, every network input and the result are within the case's tolerance, in both types.
   */
  PASSED,
  /** Known to differ, or compared only in part; {@link Exclusions} says why. */
  EXCLUDED,
  /** Compared and found different. */
  FAILED,
  /** Holds a key or a value that no adapter knows. */
  UNKNOWN;

  /** A case that was not to be compared or did not compare, and why. */
  static final class Unlike extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Verdict verdict;

    Unlike(Verdict verdict, String why) {
      super(why);
      this.verdict = verdict;
    }

    Verdict verdict() {
      return verdict;
    }
  }

  static Unlike unknown(String what) {
    return new Unlike(UNKNOWN, what);
  }

  static Unlike failed(String why) {
    return new Unlike(FAILED, why);
  }
}
