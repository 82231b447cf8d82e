package glimt.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One axis of a level's sample, and how it is cut into overlapping windows that can be sampled in
 * parallel.
 *
 * @param name what the axis counts: frames, height, width or points
 * @param extent the number of positions in the whole sample
 * @param window the number of positions that one network call sees
 * @param step the distance from one window's start to the next, in positions
 * @param halo the number of positions at each inner border of a window that are computed for
 *     context only and discarded
 * @param sizes which other extents the axis may have; null if {@code extent} is the only one
 */
public record Axis(
    String name, int extent, int window, int step, int halo, @Nullable SizeRule sizes) {
  public Axis {
    if (extent < 1 || window < 1 || window > extent || step < 1 || step > window || halo < 0) {
      throw new IllegalArgumentException(
          "axis %s: extent %s, window %s, step %s, halo %s break 1 <= step <= window <= extent, halo >= 0"
              .formatted(name, extent, window, step, halo));
    }
    if (sizes == null && (extent - window) % step != 0) {
      throw new IllegalArgumentException(
          "axis %s: windows of %s every %s do not end at the extent %s"
              .formatted(name, window, step, extent));
    }
    if (extent > window && 2 * halo > window - step) {
      throw new IllegalArgumentException(
          "axis %s: a halo of %s leaves gaps in an overlap of %s"
              .formatted(name, halo, window - step));
    }
    if (sizes != null && !sizes.allows(extent)) {
      throw new IllegalArgumentException(
          "axis %s: sizes must allow the default extent %s, but allow %s"
              .formatted(name, extent, sizes));
    }
  }

  /** Makes an axis that can have no other extent. */
  public Axis(String name, int extent, int window, int step, int halo) {
    this(name, extent, window, step, halo, null);
  }

  /** Makes an axis with a single window that covers its only extent. */
  public static Axis whole(String name, int extent) {
    return new Axis(name, extent, extent, extent, 0);
  }

  /** Returns which extents the axis may have. */
  public SizeRule rule() {
    return sizes == null ? SizeRule.only(extent) : sizes;
  }

  /**
   * Returns this axis at another extent. Windows keep their size where the extent is long enough;
   * an axis with a single window keeps a single window.
   *
   * @throws IllegalArgumentException if {@link #rule} does not allow the extent; names the nearest
   *     that it allows
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

  /** Returns the windows in order; the last one ends at the extent. */
  public List<Span> windows() {
    List<Span> windows = new ArrayList<>();
    for (int start = 0; start + window < extent; start += step) {
      windows.add(new Span(start, start + window));
    }
    windows.add(new Span(extent - window, extent));
    return List.copyOf(windows);
  }

  /**
   * Returns the weight of a window's value at a position, 0 to 1, before the weights of all windows
   * there are normalised to sum to 1. It is 0 in the halo, rises linearly over the rest of the
   * overlap, and is 1 elsewhere. The outer borders of the sample have neither halo nor ramp.
   *
   * @param span one of {@link #windows}
   * @param position a position of the whole axis within the span
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
