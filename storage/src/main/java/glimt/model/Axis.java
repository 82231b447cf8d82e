package glimt.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One axis of a level's sample, and how it is cut into overlapping windows that can be sampled side
 * by side.
 *
 * @param name what it counts: frames, height, width, points
 * @param extent how many there are in the whole sample
 * @param window how many one network call sees
 * @param step from one window's start to the next
 * @param halo how many at each inner border of a window are computed for context and thrown away
 * @param sizes which other extents it may have; null where {@code extent} is the only one
 */
public record Axis(
    String name, int extent, int window, int step, int halo, @Nullable SizeRule sizes) {
  public Axis {
    if (extent < 1 || window < 1 || window > extent || step < 1 || step > window || halo < 0) {
      throw new IllegalArgumentException(
          "axis %s: extent %s, window %s, step %s, halo %s cannot be"
              .formatted(name, extent, window, step, halo));
    }
    if (sizes == null && (extent - window) % step != 0) {
      throw new IllegalArgumentException(
          "axis %s: windows of %s every %s do not end at %s".formatted(name, window, step, extent));
    }
    if (extent > window && 2 * halo > window - step) {
      throw new IllegalArgumentException(
          "axis %s: a halo of %s leaves gaps in an overlap of %s"
              .formatted(name, halo, window - step));
    }
    if (sizes != null && !sizes.allows(extent)) {
      throw new IllegalArgumentException(
          "axis %s: its usual extent %s is none of %s".formatted(name, extent, sizes));
    }
  }

  /** An axis of one extent. */
  public Axis(String name, int extent, int window, int step, int halo) {
    this(name, extent, window, step, halo, null);
  }

  /** An axis in one piece. */
  public static Axis whole(String name, int extent) {
    return new Axis(name, extent, extent, extent, 0);
  }

  /** Which extents it may have. */
  public SizeRule rule() {
    return sizes == null ? SizeRule.only(extent) : sizes;
  }

  /**
   * The same axis at another extent, cut by windows of the same size where it is long enough. An
   * axis that was in one piece stays in one.
   *
   * @throws IllegalArgumentException if the rule forbids it
   */
  public Axis sized(int other) {
    if (other == extent) {
      return this;
    }
    if (!rule().allows(other)) {
      throw new IllegalArgumentException(
          "%s may be %s, not %s; the nearest is %s"
              .formatted(name, rule(), other, rule().nearest(other)));
    }
    int piece = window == extent ? other : Math.min(window, other);
    return new Axis(name, other, piece, Math.min(step, piece), halo, sizes);
  }

  /** The windows, from the first; the last ends where the axis does. */
  public List<Span> windows() {
    List<Span> windows = new ArrayList<>();
    for (int start = 0; start + window < extent; start += step) {
      windows.add(new Span(start, start + window));
    }
    windows.add(new Span(extent - window, extent));
    return List.copyOf(windows);
  }

  /**
   * How much a window's value counts at a position, before the weights there are made to sum to 1:
   * nothing in the halo, then a ramp over what is left of the overlap, then all. The outer borders
   * of the sample have neither halo nor ramp.
   */
  public double weight(Span span, int position) {
    double fromStart = span.start() == 0 ? 1 : rise(position - span.start());
    double fromEnd = span.end() == extent ? 1 : rise(span.end() - 1 - position);
    return Math.min(fromStart, fromEnd);
  }

  private double rise(int distance) {
    int ramp = window - step - 2 * halo;
    return Math.clamp((distance - halo + 1) / (ramp + 1.0), 0, 1);
  }
}
