package glimt.deploy.chaos;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * Something that happens to a farm.
 *
 * @param name by which it is asked for
 * @param what happens
 * @param seeds for how many of a run's seeds it happens; it takes minutes if that is not all
 * @param hindrance why it cannot happen here, if it cannot
 * @param injection makes it happen, and leaves the farm to itself
 */
record FarmFault(
    String name,
    String what,
    int seeds,
    Supplier<Optional<String>> hindrance,
    Injection injection) {
  private static final int ALL = Integer.MAX_VALUE;

  @FunctionalInterface
  interface Injection {
    /**
     * @throws NotInjected if it did not come to it
     */
    void happen(Trial trial);
  }

  /** One that can happen anywhere. */
  static FarmFault of(String name, String what, Injection injection) {
    return possible(name, what, Optional::empty, injection);
  }

  static FarmFault possible(
      String name, String what, Supplier<Optional<String>> hindrance, Injection injection) {
    return new FarmFault(name, what, ALL, hindrance, injection);
  }

  /** One that takes minutes. */
  static FarmFault rare(String name, String what, int seeds, Injection injection) {
    return new FarmFault(name, what, seeds, Optional::empty, injection);
  }

  @Override
  public String toString() {
    return "%-24s %s%s%s"
        .formatted(
            name,
            what,
            seeds == ALL ? "" : " (takes minutes: for the first %s seeds)".formatted(seeds),
            hindrance.get().map(" (not here: %s)"::formatted).orElse(""));
  }

  /** It did not come to the fault, so nothing was survived. */
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
