package glimt.job;

import glimt.model.Kind;
import java.util.List;
import java.util.Objects;

/** Computes a media file's size in pixels from the job's spec and the limits of its format. */
final class FileSize {
  private FileSize() {}

  /**
   * Returns by how much a level's file is enlarged: each pixel of the level becomes a square of
   * this many pixels. It is the least multiple of the spec's {@code enlarge} at which the format
   * can hold the picture. The multiple is above 1 only for levels below the job's last one, because
   * {@link #check} refuses the others.
   *
   * @param seen the extents of the level's visible result
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
   * Checks that the file of the job's last level can have exactly the size that the spec asks for.
   *
   * @param seen the extents of that level's visible result
   * @throws InvalidSpec if the format cannot hold that size, or enlarging exceeds {@link
   *     JobSpec#ENLARGED_SIDE_LIMIT}
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
          "would make a file of %sx%s pixels; an enlarged side may have at most %s"
              .formatted(width, height, JobSpec.ENLARGED_SIDE_LIMIT));
    }
    if (!spec.format().holds(width, height)) {
      throw new InvalidSpec(
          "format",
          "%s needs even sides of 16 pixels or more, not %sx%s; choose one of %s, or enlarge %s"
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
