package glimt.golden;

/** The result of a case. */
enum Verdict {
  /**
   * The schedule, every network input and the result are within the tolerance of the case in both
   * number types.
   */
  PASSED,
  /** The case is excluded; {@link Exclusions} gives the reason. */
  EXCLUDED,
  /** The case was compared and differs. */
  FAILED,
  /** The case contains a key or value that no adapter supports. */
  UNKNOWN;

  /** Thrown when a case is unsupported or differs, with the reason. */
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
