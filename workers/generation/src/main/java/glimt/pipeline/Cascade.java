package glimt.pipeline;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A cascade of diffusion models, each conditioned on the level below. The sample of a segment is a
 * pure function of the card, the networks, the seed, the conditions, the level below and the
 * position of the segment.
 *
 * @param card the card of the bundle
 * @param modality the modality of its samples
 * @param networks returns the network of a level; the caller closes the networks
 * @param model identifies the card and the numeric class in checkpoints, so that only a matching
 *     worker resumes them
 */
public record Cascade(
    BundleCard card, Modality modality, Function<Level, Network> networks, String model) {

  /**
   * Prepares the sampling of a segment.
   *
   * @param manager the parent of the manager that owns the segment's arrays and is closed with the
   *     piece
   * @param level the level, resolved to its size and quality
   * @param conditions the inputs of the level's ports, except those from the level below
   * @param below the level below, resolved to its size, and its sample, which may be unread; at a
   *     base that enlarges it, the job's picture; else null at the base, and for a level that only
   *     begins with the one below
   * @param draft what the walk begins with; null if that is noise alone
   * @param kept the first frame of the clip, which is a picture's; null if the level makes it
   * @throws IllegalArgumentException if {@code below} or {@code draft} is missing, or {@code below}
   *     is given where nothing reads it
   */
  public Piece piece(
      NDManager manager,
      Level level,
      Segment segment,
      Sampling sampling,
      long seed,
      Prompted conditions,
      @Nullable Inherited below,
      @Nullable Draft draft,
      @Nullable KeptFrame kept) {
    int index = card.levels().indexOf(card.level(level.name())); // at any quality
    boolean seesBelow = (index > 0 || level.enlargesPicture()) && level.refinement() == null;
    if (seesBelow != (below != null)) {
      throw new IllegalArgumentException(
          "level %s %s a level below".formatted(level.name(), seesBelow ? "needs" : "sees not"));
    }
    if (level.refinement() != null && draft == null) {
      throw new IllegalArgumentException(
          "level %s begins with the level below".formatted(level.name()));
    }
    boolean readsBelow = below != null && level.readsBelow();
    Segment made = below != null && level.keepsBelow() ? beyond(below.level(), segment) : segment;
    return new Piece(
        manager.newSubManager(),
        new TimedNetwork(networks.apply(level)),
        "%s %s %s".formatted(model, level.name(), segment.spans()),
        level,
        index,
        made,
        modality.region(level, made),
        sampling,
        seed,
        conditions,
        below == null || !readsBelow
            ? null
            : level.keepsBelow()
                ? kept(below)
                : modality.below(below.sample(), below.level(), level, segment),
        draft,
        kept);
  }

  /** What the network makes of a segment that begins with the level below. */
  private static Segment beyond(Level below, Segment segment) {
    Span whole = segment.spans().getFirst();
    return new Segment(
        List.of(new Span(whole.start() + below.axes().getFirst().extent(), whole.end())));
  }

  /** The whole level below, as it is. */
  private Below kept(Inherited below) {
    Mosaic mosaic = Mosaic.of(below.level());
    float[] values = mosaic.cut(mosaic.whole(), below.sample());
    return new Below(
        values,
        mosaic.shape(mosaic.whole()),
        values,
        modality.region(below.level(), mosaic.whole()));
  }

  /**
   * The finished sample of the level below.
   *
   * @param level the level, resolved to its size
   * @param sample its whole sample
   */
  public record Inherited(Level level, Mosaic.Fragment sample) {
    /** Wraps a whole sample in memory. */
    public static Inherited of(Level level, float[] sample) {
      return new Inherited(
          level, new Mosaic.Fragment(Mosaic.of(level).whole(), java.nio.FloatBuffer.wrap(sample)));
    }
  }
}
