package glimt.job;

/** A wish that cannot be granted as it was said: names the field and what it may be. */
public final class InvalidSpec extends IllegalArgumentException {
  private final String field;

  public InvalidSpec(String field, String message) {
    super(message);
    this.field = field;
  }

  public String field() {
    return field;
  }
}
