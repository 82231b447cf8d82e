package glimt.model;

import java.util.List;

/** What one task samples: one window of each axis of a level, in the order of the axes. */
public record Segment(List<Span> spans) {
  public Segment {
    spans = List.copyOf(spans);
  }
}
