package glimt.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What one task samples: one window of each axis of a level, in the order of the axes. */
public record Segment(List<Span> spans) {
  public Segment {
    spans = List.copyOf(spans);
  }

  /** Every combination of the axes' windows, the last axis fastest. */
  static List<Segment> product(List<Axis> axes) {
    List<List<Span>> products = List.of(List.of());
    for (Axis axis : axes) {
      List<List<Span>> longer = new ArrayList<>();
      for (List<Span> product : products) {
        for (Span window : axis.windows()) {
          List<Span> spans = new ArrayList<>(product);
          spans.add(window);
          longer.add(spans);
        }
      }
      products = longer;
    }
    return products.stream().map(Segment::new).toList();
  }

  /** Whether both have a position in common. */
  public boolean meets(Segment other) {
    return common(other).isPresent();
  }

  /** The positions that both have, if there are any. */
  public Optional<Segment> common(Segment other) {
    List<Span> both = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      int start = Math.max(spans.get(i).start(), other.spans.get(i).start());
      int end = Math.min(spans.get(i).end(), other.spans.get(i).end());
      if (end <= start) {
        return Optional.empty();
      }
      both.add(new Span(start, end));
    }
    return Optional.of(new Segment(both));
  }
}
