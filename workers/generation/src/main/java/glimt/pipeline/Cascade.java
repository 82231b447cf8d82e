package glimt.pipeline;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A bundle's levels as diffusion models conditioned on one another. What a segment becomes is a
 * pure function of the card, the networks, the seed, the words, the level below and where the
 * segment lies.
 *
 * @param card what the bundle says of itself
 * @param networks the network of a level, by {@link Level#network}; they stay the caller's
 * @param model names card and numbers for checkpoints: what differs here is not resumed
 */
public record Cascade(BundleCard card, Function<Level, Network> networks, String model) {

  /**
   * Prepares one segment.
   *
   * @param words token ids, as {@link glimt.model.Vocabulary#read} gives them
   * @param below the whole sample of the level below; null at the base
   * @param manager where the segment's arrays live; a scope of it is closed with the piece
   */
  public Piece piece(
      NDManager manager,
      Level level,
      Segment segment,
      Sampling sampling,
      long seed,
      List<Integer> words,
      float @Nullable [] below) {
    int index = card.levels().indexOf(card.level(level.name())); // at whichever quality
    if ((index == 0) != (below == null)) {
      throw new IllegalArgumentException(
          "level %s %s a level below".formatted(level.name(), index == 0 ? "has not" : "needs"));
    }
    Noise noise = new Noise(seed);
    Below inherited =
        below == null
            ? null
            : Below.of(card.kind(), below, card.levels().get(index - 1), level, segment);
    return new Piece(
        manager.newSubManager(),
        networks.apply(level),
        "%s %s %s".formatted(model, level.name(), segment.spans()),
        level,
        index,
        segment,
        region(level, segment),
        sampling,
        noise,
        words,
        inherited);
  }

  private Region region(Level level, Segment segment) {
    List<Span> spans = segment.spans();
    return switch (card.kind()) {
      case VIDEO ->
          new Region.Frames(
              spans.get(0).start(),
              spans.get(0).length(),
              level.channels(),
              spans.get(1).start(),
              spans.get(1).length(),
              spans.get(2).start(),
              spans.get(2).length());
      case POINTS ->
          new Region.Points(spans.get(0).start(), spans.get(0).length(), level.channels());
    };
  }
}
