package glimt.deploy.chaos;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * A fault that can be injected into a farm.
 *
 * @param name its name on the command line
 * @param what a description of what happens
 * @param seeds for how many of a run's seeds it is injected; less than all for faults that take
 *     minutes
 * @param hindrance why it cannot be injected on this machine; empty if it can
 * @param injection injects it
 */
record FarmFault(
    String name,
    String what,
    int seeds,
    Supplier<Optional<String>> hindrance,
    Injection injection) {
  private static final int ALL = Integer.MAX_VALUE;

  /** Injects a fault. */
  @FunctionalInterface
  interface Injection {
    /**
     * Submits jobs and injects the fault while they run.
     *
     * @throws NotInjected if the fault could not be injected in time
     */
    void happen(Trial trial);
  }

  /** A fault that can be injected on any machine. */
  static FarmFault of(String name, String what, Injection injection) {
    return possible(name, what, Optional::empty, injection);
  }

  /** A fault that some machines do not allow. */
  static FarmFault possible(
      String name, String what, Supplier<Optional<String>> hindrance, Injection injection) {
    return new FarmFault(name, what, ALL, hindrance, injection);
  }

  /** A fault that takes minutes. */
  static FarmFault rare(String name, String what, int seeds, Injection injection) {
    return new FarmFault(name, what, seeds, Optional::empty, injection);
  }

  @Override
  public String toString() {
    return "%-24s %s%s%s"
        .formatted(
            name,
            what,
            seeds == ALL ? "" : " (takes minutes, so only for the first %s seeds)".formatted(seeds),
            hindrance.get().map(" (not possible here: %s)"::formatted).orElse(""));
  }

  /** The fault was not injected, so the trial does not count. */
  static final class NotInjected extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String why;

    NotInjected(String why) {
      super(why);
      this.why = why;
    }

    String why() {
      return why;
    }
  }
}
