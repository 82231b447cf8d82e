package glimt.model;

/** The positions {@code start <= i < end} of one axis; never empty. */
public record Span(int start, int end) {
  public Span {
    if (start < 0 || end <= start) {
      throw new IllegalArgumentException(
          "a span needs 0 <= start < end, not [%s, %s)".formatted(start, end));
    }
  }

  /** Returns the number of positions. */
  public int length() {
    return end - start;
  }
}
