package glimt.deploy.chaos;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * Something that happens to a farm.
 *
 * @param name by which it is asked for
 * @param what happens
 * @param hindrance why it cannot happen here, if it cannot
 * @param injection makes it happen, and leaves the farm to itself
 */
record Fault(String name, String what, Supplier<Optional<String>> hindrance, Injection injection) {

  @FunctionalInterface
  interface Injection {
    /**
     * @throws NotInjected if it did not come to it
     */
    void happen(Trial trial);
  }

  /** One that can happen anywhere. */
  static Fault of(String name, String what, Injection injection) {
    return new Fault(name, what, Optional::empty, injection);
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
