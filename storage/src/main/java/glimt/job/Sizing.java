package glimt.job;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.SizeRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Chooses the levels of a job and their sizes from the extents it asks for. */
final class Sizing {
  private Sizing() {}

  /**
   * Returns the levels up to the highest one whose visible result can have the extents asked for.
   * The levels below it keep the ratio that their extents have to that level's in the card.
   *
   * @param asked extents of the visible result by axis name; the card's are used for missing axes
   * @throws InvalidSpec if no level can have these extents; names the field, the possible extents
   *     and the nearest
   */
  static List<Level> levels(BundleCard card, Map<String, Integer> asked) {
    List<Level> reversed = card.levels().reversed();
    for (Level top : reversed) {
      Optional<List<Level>> fitting = through(card, top, asked);
      if (fitting.isPresent()) {
        return fitting.get();
      }
    }
    throw refusal(card, asked);
  }

  private static Optional<List<Level>> through(
      BundleCard card, Level top, Map<String, Integer> asked) {
    List<Integer> wanted = new ArrayList<>();
    for (int axis = 0; axis < top.axes().size(); axis++) {
      Integer extent = latent(top, axis, asked.get(top.axes().get(axis).name()));
      if (extent == null) {
        return Optional.empty();
      }
      wanted.add(extent);
    }
    List<Level> levels = new ArrayList<>();
    for (int i = card.levels().indexOf(top); i >= 0; i--) {
      Level level = card.levels().get(i);
      if (!levels.isEmpty()) {
        Level above = card.levels().get(i + 1);
        Optional<List<Integer>> extents = below(level, levels.getFirst(), above);
        if (extents.isEmpty()) {
          return Optional.empty();
        }
        wanted = extents.get();
      }
      levels.addFirst(level.sized(wanted));
    }
    return Optional.of(levels);
  }

  private static Optional<List<Integer>> below(Level level, Level sized, Level above) {
    if (above.upsamplesBelow()) {
      List<Integer> small = above.belowExtents(sized.extents());
      for (int axis = 0; axis < small.size(); axis++) {
        if (!level.axes().get(axis).rule().allows(small.get(axis))) {
          return Optional.empty();
        }
      }
      return Optional.of(small);
    }
    return above.resizesBelow() ? near(level, sized, above) : share(level, sized, above);
  }

  /**
   * Returns the extents of a level that have the ratio of the card to those of the level above, if
   * they are whole and the level can have them.
   *
   * @param sized the level above at its size
   * @param above the level above in the card
   */
  private static Optional<List<Integer>> share(Level level, Level sized, Level above) {
    List<Integer> extents = new ArrayList<>();
    for (int axis = 0; axis < level.axes().size(); axis++) {
      Axis own = level.axes().get(axis);
      int usual = above.axes().get(axis).extent();
      long share = (long) sized.axes().get(axis).extent() * own.extent();
      if (share % usual != 0 || !own.rule().allows(Math.toIntExact(share / usual))) {
        return Optional.empty();
      }
      extents.add(Math.toIntExact(share / usual));
    }
    return Optional.of(extents);
  }

  /**
   * Returns the same for a level whose visible result is resized to the one above: sides as near to
   * that ratio as the level can have, and as many frames.
   */
  private static Optional<List<Integer>> near(Level level, Level sized, Level above) {
    List<Integer> extents = new ArrayList<>();
    for (int axis = 0; axis < level.axes().size(); axis++) {
      Axis own = level.axes().get(axis);
      if (own.name().equals("frames")) {
        Integer frames = latent(level, axis, sized.seen().get(axis));
        if (frames == null) {
          return Optional.empty();
        }
        extents.add(frames);
      } else {
        int usual = above.axes().get(axis).extent();
        double share = (double) sized.axes().get(axis).extent() * own.extent() / usual;
        extents.add(own.rule().nearest((int) Math.round(share)));
      }
    }
    return Optional.of(extents);
  }

  /**
   * Returns the extent of a level's sample whose visible result has the extent asked for, or null
   * if the level cannot have it.
   */
  private static @Nullable Integer latent(Level level, int place, @Nullable Integer asked) {
    Axis axis = level.axes().get(place);
    if (asked == null) {
      return axis.extent();
    }
    Codec codec = level.codec();
    int own = codec == null ? asked : codec.encoded(place, asked);
    boolean exact = codec == null || codec.decoded(place, own) == asked;
    return own >= 1 && exact && axis.rule().allows(own) ? own : null;
  }

  private static InvalidSpec refusal(BundleCard card, Map<String, Integer> asked) {
    String field =
        card.kind().axes().reversed().stream()
            .filter(asked::containsKey)
            .findFirst()
            .orElse("model");
    for (String axis : card.kind().axes()) {
      Integer extent = asked.get(axis);
      if (extent != null
          && card.levels().stream()
              .noneMatch(level -> through(card, level, Map.of(axis, extent)).isPresent())) {
        return new InvalidSpec(
            axis,
            "must be %s for %s, not %s; the nearest is %s"
                .formatted(allowed(card, axis), card.name(), extent, nearest(card, axis, extent)));
      }
    }
    return new InvalidSpec(
        field,
        "%s makes %s".formatted(card.name(), card.levels().stream().map(Sizing::sizes).toList()));
  }

  private static String allowed(BundleCard card, String axis) {
    return String.join(
        " or ",
        card.levels().stream().map(level -> seen(level, axis).toString()).distinct().toList());
  }

  private static int nearest(BundleCard card, String axis, int extent) {
    int nearest = 0;
    for (Level level : card.levels()) {
      int here = seen(level, axis).nearest(extent);
      if (nearest == 0 || Math.abs(here - extent) < Math.abs(nearest - extent)) {
        nearest = here;
      }
    }
    return nearest;
  }

  /** Returns the size rule of an axis of the visible result. */
  private static SizeRule seen(Level level, String axis) {
    return level.seenRule(level.place(axis).orElseThrow());
  }

  private static String sizes(Level level) {
    List<String> sizes = new ArrayList<>();
    for (Axis axis : level.axes()) {
      sizes.add("%s %s".formatted(seen(level, axis.name()), axis.name()));
    }
    return String.join(" × ", sizes);
  }
}
