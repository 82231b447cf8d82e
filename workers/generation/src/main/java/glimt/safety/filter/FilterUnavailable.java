package glimt.safety.filter;

/** The content filter cannot be asked, and the operator wants nothing to pass then. */
public final class FilterUnavailable extends RuntimeException {
  private static final long serialVersionUID = 1;

  FilterUnavailable(String why, Throwable cause) {
    super("the content filter cannot be asked (%s), so nothing passes".formatted(why), cause);
  }
}
