package glimt.job;

import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one task does. */
public sealed interface Work {
  String level();

  /** How much it is, in network evaluations times values; only ratios mean anything. */
  long amount();

  /** Denoises one segment of a level. */
  record Sample(String level, Segment segment, Sampling sampling) implements Work {
    @Override
    public long amount() {
      return sampling.steps() * volume(segment.spans().stream().map(Span::length).toList());
    }
  }

  /**
   * Blends the segments of a level and writes the file people open.
   *
   * @param scale how many pixels of the file each pixel of a frame becomes, in both directions; 1
   *     for points; null in plans of version 0.1, which said nothing of files
   */
  record Assemble(String level, List<Integer> extents, @Nullable Integer scale) implements Work {
    public Assemble {
      extents = List.copyOf(extents);
      if (scale != null && scale < 1) {
        throw new IllegalArgumentException("a scale of " + scale);
      }
    }

    /** How many pixels each pixel of a video's frame becomes in its file. */
    public int enlargement() {
      if (scale != null) {
        return scale;
      }
      // Version 0.1 enlarged until the longer side had 256 pixels, and the shorter 16.
      int height = extents.get(1);
      int width = extents.get(2);
      return Math.max(
          Math.ceilDiv(256, Math.max(height, width)), Math.ceilDiv(16, Math.min(height, width)));
    }

    @Override
    public long amount() {
      return volume(extents);
    }
  }

  private static long volume(List<Integer> lengths) {
    return lengths.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
  }
}
