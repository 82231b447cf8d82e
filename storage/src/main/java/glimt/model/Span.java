package glimt.model;

/** The positions {@code start <= i < end} of one axis. */
public record Span(int start, int end) {
  public Span {
    if (start < 0 || end <= start) {
      throw new IllegalArgumentException("no such span: [%s, %s)".formatted(start, end));
    }
  }

  public int length() {
    return end - start;
  }
}
