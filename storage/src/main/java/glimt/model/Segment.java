package glimt.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The part of a level that one task makes: one span per axis, in the order of the axes. */
public record Segment(List<Span> spans) {
  public Segment {
    spans = List.copyOf(spans);
  }

  /** Returns every combination of the axes' windows, the last axis varying fastest. */
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

  /** Returns whether the two segments overlap. */
  public boolean meets(Segment other) {
    return common(other).isPresent();
  }

  /** Returns the overlap of the two segments, or empty if there is none. */
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
