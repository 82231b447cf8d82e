package glimt.job;

/** A job's spec, or another JSON document, is invalid. Names the field and what it may be. */
public final class InvalidSpec extends IllegalArgumentException {
  private final String field;

  /**
   * @param field the path of the field, with dots; empty for the document as a whole
   * @param message what is wrong with the field, as a predicate such as "must not be null"
   */
  public InvalidSpec(String field, String message) {
    super(message);
    this.field = field;
  }

  /** Returns the path of the field, with dots; empty for the document as a whole. */
  public String field() {
    return field;
  }
}
