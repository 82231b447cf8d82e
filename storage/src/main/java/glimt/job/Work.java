package glimt.job;

import glimt.model.Refinement;
import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one task does. */
public sealed interface Work {
  /** Returns the name of the level that it belongs to, or of the encoder that it runs. */
  String level();

  /**
   * Returns an estimate of the work in network evaluations times positions. It weighs tasks against
   * each other in a job's progress.
   */
  long amount();

  /** Returns the number of steps in which progress is reported. */
  default int steps() {
    return 1;
  }

  /**
   * Runs one of the bundle's encoders on a text.
   *
   * @param level the encoder's name
   * @param lexicon the stem of the files of names that the text is put into first; null if it is
   *     encoded as it is
   */
  record Encode(String level, String text, @Nullable String lexicon) implements Work {
    /** Encodes a text as it is. */
    public Encode(String level, String text) {
      this(level, text, null);
    }

    @Override
    public long amount() {
      return 1;
    }
  }

  /**
   * Denoises one segment of a level.
   *
   * @param segment the part of the level's sample to denoise
   * @param extents the extents of the whole sample, one per axis; null means those of the card
   * @param strength the share of the walk that is walked, from what the sample begins with; null if
   *     it begins with noise alone
   */
  record Sample(
      String level,
      Segment segment,
      Sampling sampling,
      @Nullable List<Integer> extents,
      @Nullable Double strength)
      implements Work {
    public Sample {
      extents = extents == null ? null : List.copyOf(extents);
    }

    /** A walk that begins with noise alone. */
    public Sample(
        String level, Segment segment, Sampling sampling, @Nullable List<Integer> extents) {
      this(level, segment, sampling, extents, null);
    }

    @Override
    public long amount() {
      return steps() * volume(segment);
    }

    @Override
    public int steps() {
      int all = sampling.steps();
      return strength == null ? all : all - Refinement.skipped(all, strength);
    }
  }

  /**
   * Decodes one piece of a level's latent.
   *
   * @param segment the piece, in positions of the latent
   * @param extents the extents of the whole latent, one per axis
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
   * Blends the pieces of a level and writes its media file.
   *
   * @param extents the extents of the level's visible result, one per axis
   * @param scale the side of the square of file pixels that each pixel becomes; 1 for points; null
   *     in plans of version 0.1, which did not store it
   */
  record Assemble(String level, List<Integer> extents, @Nullable Integer scale) implements Work {
    public Assemble {
      extents = List.copyOf(extents);
      if (scale != null && scale < 1) {
        throw new IllegalArgumentException("a scale must be 1 or more, not " + scale);
      }
    }

    /**
     * Returns {@code scale}, or for plans of version 0.1 the enlargement which that version used.
     */
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
