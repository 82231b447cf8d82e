package glimt.job;

import glimt.model.Kind;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Quality;
import glimt.model.Sampling;
import glimt.model.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a job is split: a pure function of what was asked for and the card, so that the same job is
 * split alike on one worker or forty.
 *
 * <pre>
 *   base ─ assemble ─┬─ temporal 0 ─┬─ assemble ─┬─ spatial 0 ─┬─ assemble
 *                    ├─ temporal 1 ─┤            ├─ spatial 1 ─┤
 *                    └─ …          ─┘            └─ …         ─┘
 * </pre>
 *
 * @param levels from the base to the one asked for
 * @param tasks in an order in which they could be done one after the other
 * @param warnings for whoever asked
 */
public record Plan(List<Level> levels, List<PlannedTask> tasks, List<String> warnings) {
  public Plan {
    levels = List.copyOf(levels);
    tasks = List.copyOf(tasks);
    warnings = List.copyOf(warnings);
  }

  /**
   * @param ordinal its place in {@link Plan#tasks}
   * @param after the ordinals of the tasks it reads from, in the order in which it reads them
   */
  public record PlannedTask(int ordinal, Work work, List<Integer> after) {
    public PlannedTask {
      after = List.copyOf(after);
    }
  }

  /**
   * @throws InvalidSpec if the card cannot make what the spec asks for
   */
  public static Plan of(JobSpec spec, BundleCard card) {
    if (spec.kind() != card.kind()) {
      throw new InvalidSpec("model", "%s does not make %s".formatted(card.name(), spec.kind()));
    }
    List<Level> asked =
        switch (spec) {
          case JobSpec.Video video -> upTo(card, video);
          case JobSpec.PointCloud cloud -> upTo(card, cloud);
        };
    Quality quality = spec.wishes().quality();
    List<String> warnings = new ArrayList<>(card.vocabulary().read(spec.prompt()).warnings());
    if (quality == Quality.FAST) {
      List<String> slow =
          asked.stream().filter(level -> level.fast() == null).map(Level::name).toList();
      if (!slow.isEmpty()) {
        warnings.add(
            "%s has no fast network for %s, made at full quality instead"
                .formatted(card.name(), String.join(", ", slow)));
      }
      if (asked.getFirst().fast() != null) {
        refuseSampling(spec.wishes());
      }
    }
    List<Level> levels = asked.stream().map(level -> level.at(quality)).toList();
    if (spec instanceof JobSpec.Video video) {
      refuseFile(video, levels.getLast());
    }
    List<PlannedTask> tasks = new ArrayList<>();
    List<Integer> below = List.of();
    for (Level level : levels) {
      Sampling sampling =
          level.equals(levels.getFirst())
              ? wished(level.sampling(), spec.wishes())
              : level.sampling();
      int first = tasks.size();
      for (Segment segment : level.segments()) {
        tasks.add(
            new PlannedTask(tasks.size(), new Work.Sample(level.name(), segment, sampling), below));
      }
      List<Integer> segments = IntStream.range(first, tasks.size()).boxed().toList();
      List<Integer> extents = level.axes().stream().map(Axis::extent).toList();
      Work assemble = new Work.Assemble(level.name(), extents, scale(spec, level));
      below = List.of(tasks.size());
      tasks.add(new PlannedTask(tasks.size(), assemble, segments));
    }
    return new Plan(levels, tasks, warnings);
  }

  /**
   * How many pixels of its file each pixel of a level becomes: as many as were asked for, and the
   * least multiple of that which the format can hold. Only a level below the one asked for may need
   * more.
   */
  private static int scale(JobSpec spec, Level level) {
    if (!(spec instanceof JobSpec.Video video)) {
      return 1;
    }
    int wished = Objects.requireNonNullElse(video.enlarge(), 1);
    int scale = wished;
    while (!video.format().holds(width(level) * scale, height(level) * scale)) {
      scale += wished;
    }
    return scale;
  }

  /** The file of the level asked for has the size that was asked for, or is refused. */
  private static void refuseFile(JobSpec.Video video, Level top) {
    int wished = Objects.requireNonNullElse(video.enlarge(), 1);
    int width = width(top) * wished;
    int height = height(top) * wished;
    if (wished > 1 && Math.max(width, height) > JobSpec.ENLARGED_SIDE_LIMIT) {
      throw new InvalidSpec(
          "enlarge",
          "would make a file of %sx%s pixels; at most %s are made so"
              .formatted(width, height, JobSpec.ENLARGED_SIDE_LIMIT));
    }
    if (!video.format().holds(width, height)) {
      throw new InvalidSpec(
          "format",
          "%s keeps even sides of 16 pixels or more, not %sx%s; take one of %s, or enlarge %s"
              .formatted(
                  video.format().ending(),
                  width,
                  height,
                  Format.of(Kind.VIDEO).stream()
                      .filter(format -> format.holds(width, height))
                      .map(Format::ending)
                      .toList(),
                  scale(video, top)));
    }
  }

  private static int width(Level level) {
    return level.axis("width").extent();
  }

  private static int height(Level level) {
    return level.axis("height").extent();
  }

  /** The same, with one more word for whoever asked. */
  public Plan with(String warning) {
    return new Plan(levels, tasks, Stream.concat(warnings.stream(), Stream.of(warning)).toList());
  }

  /** A fast network knows the one walk it was taught. */
  private static void refuseSampling(JobSpec.Wishes wishes) {
    String field =
        wishes.steps() != null
            ? "steps"
            : wishes.guidance() != null ? "guidance" : wishes.sampler() != null ? "sampler" : "";
    if (!field.isEmpty()) {
      throw new InvalidSpec(field, "does not go with quality fast, whose walk is fixed");
    }
  }

  private static List<Level> upTo(BundleCard card, JobSpec.Video video) {
    return upTo(
        card,
        level ->
            fits(video.frames(), level.axis("frames")) && fits(video.size(), level.axis("width")),
        video.size() == null ? "frames" : "size",
        level ->
            "%s frames of %s pixels"
                .formatted(level.axis("frames").extent(), level.axis("width").extent()));
  }

  private static List<Level> upTo(BundleCard card, JobSpec.PointCloud cloud) {
    return upTo(
        card,
        level -> fits(cloud.points(), level.axis("points")),
        "points",
        level -> "%s points".formatted(level.axis("points").extent()));
  }

  private static List<Level> upTo(
      BundleCard card, Predicate<Level> asked, String field, Function<Level, String> sizeOf) {
    Optional<Level> top = card.levels().reversed().stream().filter(asked).findFirst();
    if (top.isEmpty()) {
      throw new InvalidSpec(
          field, "%s makes %s".formatted(card.name(), card.levels().stream().map(sizeOf).toList()));
    }
    return card.levels().subList(0, card.levels().indexOf(top.get()) + 1);
  }

  private static boolean fits(@Nullable Integer wish, Axis axis) {
    return wish == null || wish == axis.extent();
  }

  private static Sampling wished(Sampling card, JobSpec.Wishes wishes) {
    return new Sampling(
        Objects.requireNonNullElse(wishes.sampler(), card.sampler()),
        Objects.requireNonNullElse(wishes.steps(), card.steps()),
        Objects.requireNonNullElse(wishes.guidance(), card.guidance()),
        card.sigmaMin(),
        card.sigmaMax(),
        card.rho());
  }
}
