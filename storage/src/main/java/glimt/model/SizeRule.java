package glimt.model;

/**
 * Which extents an axis may have: {@code plus + k × multiple} from {@code least} to {@code most}.
 * Frames of a codec that packs four behind the first are {@code 4k + 1}: a multiple of 4, plus 1.
 *
 * @param plus what is left when an extent is divided by {@code multiple}
 */
public record SizeRule(int least, int most, int multiple, int plus) {
  public SizeRule {
    if (least < 1 || most < least || multiple < 1 || plus < 0 || plus >= multiple) {
      throw new IllegalArgumentException(
          "a size from %s to %s in steps of %s plus %s cannot be"
              .formatted(least, most, multiple, plus));
    }
    if (Math.floorMod(least - plus, multiple) != 0 || Math.floorMod(most - plus, multiple) != 0) {
      throw new IllegalArgumentException(
          "sizes from %s to %s do not begin and end at a multiple of %s plus %s"
              .formatted(least, most, multiple, plus));
    }
  }

  /** One extent and no other. */
  public static SizeRule only(int extent) {
    return new SizeRule(extent, extent, 1, 0);
  }

  /** Whether an extent is one of them. */
  public boolean allows(int extent) {
    return nearest(extent) == extent;
  }

  /** The allowed extent that is nearest to this one; the larger of two that are as near. */
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
