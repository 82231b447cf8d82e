package glimt.pipeline;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.Segment;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A bundle's levels as diffusion models conditioned on one another. What a segment becomes is a
 * pure function of the card, the networks, the seed, the conditions, the level below and where the
 * segment lies.
 *
 * @param card what the bundle says of itself
 * @param modality what its samples are
 * @param networks the network of a level, by {@link Level#network}; they stay the caller's
 * @param model names card and numbers for checkpoints: what differs here is not resumed
 */
public record Cascade(
    BundleCard card, Modality modality, Function<Level, Network> networks, String model) {

  /**
   * Prepares one segment.
   *
   * @param manager where the segment's arrays live; a scope of it is closed with the piece
   * @param level at its size and quality
   * @param conditions what feeds the ports of the level, but for the level below
   * @param below the level below, at its size, and its sample; null at the base
   */
  public Piece piece(
      NDManager manager,
      Level level,
      Segment segment,
      Sampling sampling,
      long seed,
      Prompted conditions,
      @Nullable Inherited below) {
    int index = card.levels().indexOf(card.level(level.name())); // at whichever quality
    if ((index == 0) != (below == null)) {
      throw new IllegalArgumentException(
          "level %s %s a level below".formatted(level.name(), index == 0 ? "has not" : "needs"));
    }
    return new Piece(
        manager.newSubManager(),
        new TimedNetwork(networks.apply(level)),
        "%s %s %s".formatted(model, level.name(), segment.spans()),
        level,
        index,
        segment,
        modality.region(level, segment),
        sampling,
        seed,
        conditions,
        below == null ? null : modality.below(below.sample(), below.level(), level, segment));
  }

  /**
   * The level below.
   *
   * @param level at its size
   * @param sample all of it
   */
  public record Inherited(Level level, Mosaic.Fragment sample) {
    /** A whole sample in memory. */
    public static Inherited of(Level level, float[] sample) {
      return new Inherited(
          level, new Mosaic.Fragment(Mosaic.of(level).whole(), java.nio.FloatBuffer.wrap(sample)));
    }
  }
}
