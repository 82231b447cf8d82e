package glimt.job;

import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one task does. */
public sealed interface Work {
  /** The level it belongs to, or the encoder it runs. */
  String level();

  /** How much it is, in network evaluations times values; only ratios mean anything. */
  long amount();

  /** How many steps it counts, of which progress is told. */
  default int steps() {
    return 1;
  }

  /** Reads a prompt by one of the bundle's encoders. */
  record Encode(String level, String text) implements Work {
    @Override
    public long amount() {
      return 1;
    }
  }

  /**
   * Denoises one segment of a level.
   *
   * @param extents of the whole level's sample, an axis each; null is as the card has them
   */
  record Sample(String level, Segment segment, Sampling sampling, @Nullable List<Integer> extents)
      implements Work {
    public Sample {
      extents = extents == null ? null : List.copyOf(extents);
    }

    @Override
    public long amount() {
      return sampling.steps() * volume(segment);
    }

    @Override
    public int steps() {
      return sampling.steps();
    }
  }

  /**
   * Decodes one piece of a level's latent.
   *
   * @param segment of the latent
   * @param extents of the whole latent, an axis each
   */
  record Decode(String level, Segment segment, List<Integer> extents) implements Work {
    public Decode {
      extents = List.copyOf(extents);
    }

    @Override
    public long amount() {
      return volume(segment);
    }
  }

  /**
   * Blends what was made of a level in pieces, and writes the file people open.
   *
   * @param extents of what people see of the level, an axis each
   * @param scale how many pixels of the file each pixel becomes, in both directions; 1 for points;
   *     null in plans of version 0.1, which said nothing of files
   */
  record Assemble(String level, List<Integer> extents, @Nullable Integer scale) implements Work {
    public Assemble {
      extents = List.copyOf(extents);
      if (scale != null && scale < 1) {
        throw new IllegalArgumentException("a scale of " + scale);
      }
    }

    /** How many pixels each pixel becomes in the file. */
    public int enlargement() {
      if (scale != null) {
        return scale;
      }
      if (extents.size() < 2) {
        return 1; // points
      }
      // Version 0.1 enlarged until the longer side had 256 pixels, and the shorter 16.
      int height = extents.get(extents.size() - 2);
      int width = extents.getLast();
      return Math.max(
          Math.ceilDiv(256, Math.max(height, width)), Math.ceilDiv(16, Math.min(height, width)));
    }

    @Override
    public long amount() {
      return volume(extents);
    }
  }

  private static long volume(Segment segment) {
    return volume(segment.spans().stream().map(Span::length).toList());
  }

  private static long volume(List<Integer> lengths) {
    return lengths.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
  }
}
