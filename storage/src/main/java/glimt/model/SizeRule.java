package glimt.model;

/**
 * Which extents an axis may have: {@code plus + k × multiple} from {@code least} to {@code most}.
 * For example, a video codec that packs groups of four frames after the first allows {@code 4k + 1}
 * frames.
 *
 * @param least the smallest extent, inclusive
 * @param most the largest extent, inclusive
 * @param multiple the distance between two extents
 * @param plus the remainder of every extent divided by {@code multiple}
 */
public record SizeRule(int least, int most, int multiple, int plus) {
  public SizeRule {
    if (least < 1 || most < least || multiple < 1 || plus < 0 || plus >= multiple) {
      throw new IllegalArgumentException(
          "sizes from %s to %s, multiples of %s plus %s, break 1 <= least <= most, 0 <= plus < multiple"
              .formatted(least, most, multiple, plus));
    }
    if (Math.floorMod(least - plus, multiple) != 0 || Math.floorMod(most - plus, multiple) != 0) {
      throw new IllegalArgumentException(
          "sizes from %s to %s must begin and end at a multiple of %s plus %s"
              .formatted(least, most, multiple, plus));
    }
  }

  /** Makes a rule that allows a single extent. */
  public static SizeRule only(int extent) {
    return new SizeRule(extent, extent, 1, 0);
  }

  /** Returns whether the rule allows an extent. */
  public boolean allows(int extent) {
    return nearest(extent) == extent;
  }

  /** Returns the nearest allowed extent; of two equally near ones, the larger. */
  public int nearest(int extent) {
    int steps = Math.floorDiv(Math.clamp(extent, least, most) - least + multiple / 2, multiple);
    return Math.min(least + steps * multiple, most);
  }

  @Override
  public String toString() {
    return least == most
        ? Integer.toString(least)
        : multiple == 1
            ? "%s to %s".formatted(least, most)
            : "%s to %s in steps of %s".formatted(least, most, multiple);
  }
}
