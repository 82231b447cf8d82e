package glimt.worker;

import glimt.job.ArtifactId;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.JobSpec;
import glimt.job.Task;
import glimt.media.Frames;
import glimt.media.Picture;
import glimt.model.Kind;
import glimt.pipeline.Modality.Seen;
import glimt.safety.filter.ContentFilter;
import glimt.safety.filter.FilterStop;
import glimt.safety.filter.FilterUnavailable;
import glimt.safety.filter.FilteredJob;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the content filter is asked about one task, and what it decided. */
final class FilterGate {
  /** A side below which a picture says too little. */
  private static final int SMALLEST = 128;

  /** How many frames of a clip are looked at. */
  private static final int FRAMES = 2;

  private static final Logger log = LoggerFactory.getLogger(FilterGate.class);

  private final ContentFilter filter;
  private final Task task;
  private final List<FilterDecision> decisions = new ArrayList<>();
  private final Set<ArtifactId> passed = new HashSet<>();

  FilterGate(ContentFilter filter, Task task) {
    this.filter = filter;
    this.task = task;
  }

  List<FilterDecision> decisions() {
    return decisions;
  }

  /**
   * Asks about a picture or a clip that the job begins with, once.
   *
   * @throws FilterStop if it may not pass
   */
  void input(ArtifactId id, Supplier<List<Picture>> seen) {
    if (passed.add(id)) {
      decide(filter.pictures(FilterStage.INPUT, job(), seen.get()));
    }
  }

  /**
   * Asks about a level that was made, if it has pixels enough.
   *
   * @throws FilterStop if it may not pass
   */
  void output(Seen shown) {
    long[] shape = shown.shape();
    if (task.spec().kind() == Kind.POINTS
        || shape[shape.length - 1] < SMALLEST
        || shape[shape.length - 2] < SMALLEST) {
      return;
    }
    FilterDecision decision = filter.pictures(FilterStage.OUTPUT, job(), pictures(shown, FRAMES));
    decide(decision.of(task.work().level()));
  }

  /**
   * Asks whether a preview may be shown of a level that has pixels enough. A refusal is not the
   * level's end: what half-denoised samples look like proves nothing yet.
   *
   * @param whole the sides of the finished level, in pixels, the last two of {@code whole}
   */
  boolean shows(Seen preview, List<Integer> whole) {
    if (task.spec().kind() == Kind.POINTS
        || whole.getLast() < SMALLEST
        || whole.get(whole.size() - 2) < SMALLEST) {
      return true;
    }
    try {
      return filter.pictures(FilterStage.OUTPUT, job(), pictures(preview, 1)).allowed();
    } catch (FilterUnavailable unasked) {
      log.warn("task {} shows no preview: {}", task.lease(), unasked.getMessage());
      return false;
    }
  }

  private void decide(FilterDecision decision) {
    if (!decision.allowed()) {
      throw new FilterStop(decision);
    }
    decisions.add(decision);
  }

  private FilteredJob job() {
    JobSpec spec = task.spec();
    return new FilteredJob(spec.kind(), spec.model(), spec.prompt());
  }

  /** The image, or some frames of the clip, spread over it. */
  private static List<Picture> pictures(Seen shown, int frames) {
    long[] shape = shown.shape();
    int width = (int) shape[shape.length - 1];
    int height = (int) shape[shape.length - 2];
    int count = shape.length == 4 ? (int) shape[0] : 1;
    int size = 3 * height * width;
    return spread(count, frames)
        .mapToObj(
            frame -> {
              FloatBuffer values = shown.values().slice(frame * size, size);
              return Frames.ofSample(values, 1, height, width, 1).picture(0);
            })
        .toList();
  }

  /** Some frames of a clip, spread over it. */
  static List<Picture> pictures(Frames clip) {
    return spread(clip.count(), FRAMES).mapToObj(clip::picture).toList();
  }

  private static IntStream spread(int count, int most) {
    int looked = Math.min(count, most);
    return IntStream.range(0, looked).map(i -> (2 * i + 1) * count / (2 * looked));
  }
}
