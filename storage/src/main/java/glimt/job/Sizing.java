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
    for (Level level : card.levels().subList(0, card.levels().indexOf(top) + 1)) {
      List<Integer> extents = new ArrayList<>();
      for (int axis = 0; axis < wanted.size(); axis++) {
        Axis own = level.axes().get(axis);
        int topExtent = top.axes().get(axis).extent();
        long share = (long) wanted.get(axis) * own.extent();
        if (share % topExtent != 0 || !own.rule().allows(Math.toIntExact(share / topExtent))) {
          return Optional.empty();
        }
        extents.add(Math.toIntExact(share / topExtent));
      }
      levels.add(level.sized(extents));
    }
    return Optional.of(levels);
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
    int place = level.place(axis).orElseThrow();
    SizeRule own = level.axes().get(place).rule();
    Codec codec = level.codec();
    if (codec == null) {
      return own;
    }
    int multiple = own.multiple() * codec.factors().get(place);
    int least = codec.decoded(place, own.least());
    return new SizeRule(
        least, codec.decoded(place, own.most()), multiple, Math.floorMod(least, multiple));
  }

  private static String sizes(Level level) {
    List<String> sizes = new ArrayList<>();
    for (Axis axis : level.axes()) {
      sizes.add("%s %s".formatted(seen(level, axis.name()), axis.name()));
    }
    return String.join(" × ", sizes);
  }
}
