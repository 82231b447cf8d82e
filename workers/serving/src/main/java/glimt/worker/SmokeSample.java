package glimt.worker;

import glimt.artifact.ArtifactFolder;
import glimt.bundle.Bundle;
import glimt.job.Artifact;
import glimt.job.Format;
import glimt.job.JobInput;
import glimt.job.JobSpec;
import glimt.job.SamplingOptions;
import glimt.media.Picture;
import glimt.model.BundleCard;
import glimt.model.FirstFrame;
import glimt.model.Level;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A small job of a new bundle: whether all of it works together, and what it makes. */
public final class SmokeSample {
  /** Enough to use every network and to go from one step to the next. */
  private static final int STEPS = 2;

  /** What a small sample has about. */
  private static final Map<String, Integer> SMALL =
      Map.of("frames", 5, "height", 128, "width", 128);

  private static final int SIDE = 128;
  private static final int RED = 0xc02020;

  private static final String PROMPT = "a red apple on a wooden table";

  private SmokeSample() {}

  /**
   * Makes a sample.
   *
   * @param folder the bundle's
   * @param cache where programs are unpacked
   * @return the sample, a file beside the card that the card does not name
   * @throws glimt.bundle.BundleException if a file of the bundle cannot be used
   * @throws InterruptedException if the thread is interrupted
   */
  public static Path of(Path folder, Path cache) throws InterruptedException {
    BundleCard card = Bundle.card(folder);
    Format format =
        switch (card.kind()) {
          case IMAGE -> Format.PNG;
          case VIDEO -> Format.GIF;
          case POINTS -> Format.GLB;
        };
    try {
      Path made = Files.createTempDirectory(cache, "sample");
      try {
        ArtifactFolder artifacts = new ArtifactFolder(made);
        JobSpec spec =
            new JobSpec(
                JobSpec.VERSION,
                card.kind(),
                PROMPT,
                null,
                card.name(),
                new SamplingOptions(1, STEPS, null, null, null),
                small(card),
                format,
                null,
                input(card, artifacts));
        Artifact file = WholeJob.made(folder, spec, artifacts, cache);
        return Files.write(folder.resolve("sample." + format.ending()), artifacts.read(file.id()));
      } finally {
        remove(made);
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** A red picture, where the bundle needs one to begin with. */
  private static @Nullable JobInput input(BundleCard card, ArtifactFolder artifacts) {
    FirstFrame first = card.levels().getFirst().firstFrame();
    if (first == null || !first.needed()) {
      return null;
    }
    byte[] picture = Picture.plain(SIDE, SIDE, RED).png();
    return JobInput.firstFrame(artifacts.put("image/png", picture).id());
  }

  /** The smallest extents near those of a small sample that the last level may have. */
  private static Map<String, Integer> small(BundleCard card) {
    Level level = card.levels().getLast();
    List<Integer> asked =
        level.axes().stream().map(axis -> SMALL.getOrDefault(axis.name(), 0)).toList();
    List<Integer> nearest = level.nearest(asked);
    Map<String, Integer> extents = new LinkedHashMap<>();
    for (int i = 0; i < asked.size(); i++) {
      if (asked.get(i) > 0) {
        extents.put(level.axes().get(i).name(), nearest.get(i));
      }
    }
    return extents;
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
