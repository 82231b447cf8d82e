package glimt.job;

import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.List;

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

  /** Blends the segments of a level and writes the file people open. */
  record Assemble(String level, List<Integer> extents) implements Work {
    public Assemble {
      extents = List.copyOf(extents);
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
