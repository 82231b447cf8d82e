package glimt.job;

import glimt.model.Kind;
import java.util.List;
import java.util.Objects;

/** How many pixels a file has, by what was asked for and what its format can hold. */
final class FileSize {
  private FileSize() {}

  /**
   * How many pixels of its file each pixel of a level becomes: as many as were asked for, and the
   * least multiple of that which the format can hold. Only a level below the one asked for may need
   * more.
   *
   * @param seen the extents of what people see of the level
   */
  static int scale(JobSpec spec, List<Integer> seen) {
    if (spec.kind() == Kind.POINTS) {
      return 1;
    }
    int asked = Objects.requireNonNullElse(spec.enlarge(), 1);
    int scale = asked;
    while (!spec.format().holds(width(seen) * scale, height(seen) * scale)) {
      scale += asked;
    }
    return scale;
  }

  /**
   * The file of the level asked for has the size that was asked for, or is refused.
   *
   * @param seen the extents of what people see of that level
   * @throws InvalidSpec if the format cannot hold them
   */
  static void check(JobSpec spec, List<Integer> seen) {
    if (spec.kind() == Kind.POINTS) {
      return;
    }
    int asked = Objects.requireNonNullElse(spec.enlarge(), 1);
    int width = width(seen) * asked;
    int height = height(seen) * asked;
    if (asked > 1 && Math.max(width, height) > JobSpec.ENLARGED_SIDE_LIMIT) {
      throw new InvalidSpec(
          "enlarge",
          "would make a file of %sx%s pixels; at most %s are made so"
              .formatted(width, height, JobSpec.ENLARGED_SIDE_LIMIT));
    }
    if (!spec.format().holds(width, height)) {
      throw new InvalidSpec(
          "format",
          "%s keeps even sides of 16 pixels or more, not %sx%s; take one of %s, or enlarge %s"
              .formatted(
                  spec.format().ending(),
                  width,
                  height,
                  Format.of(spec.kind()).stream()
                      .filter(format -> format.holds(width, height))
                      .map(Format::ending)
                      .toList(),
                  scale(spec, seen)));
    }
  }

  private static int width(List<Integer> seen) {
    return seen.getLast();
  }

  private static int height(List<Integer> seen) {
    return seen.get(seen.size() - 2);
  }
}
