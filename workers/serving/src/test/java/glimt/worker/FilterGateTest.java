package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.coordinator.Protocol.Previewed;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.Format;
import glimt.job.JobSpec;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.Work;
import glimt.media.Ffmpeg;
import glimt.media.Picture;
import glimt.model.Kind;
import glimt.safety.filter.ContentFilter;
import glimt.safety.filter.FilteredJob;
import glimt.safety.filter.OwnFilter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker asks the content filter, by whole jobs of a default bundle. */
class FilterGateTest {
  private static final Path MODELS = Path.of("../models");
  private static final JobSpec CLIP =
      new JobSpec(
          Kind.VIDEO,
          "a whale moves left over blue",
          "tiles",
          new SamplingOptions(7, 3, null, null, null),
          Map.of(),
          Format.MP4);

  private final Set<String> previewed = new HashSet<>();
  private boolean watching;

  @TempDir Path folder;

  /** Stops every picture, and remembers what it was shown. */
  static final class Strict implements ContentFilter {
    final List<Picture> seen = new ArrayList<>();

    @Override
    public FilterDecision prompt(FilteredJob job) {
      return FilterDecision.allow(FilterStage.PROMPT, "strict");
    }

    @Override
    public FilterDecision pictures(FilterStage stage, FilteredJob job, List<Picture> pictures) {
      seen.addAll(pictures);
      return FilterDecision.block(stage, "strict", "other", "nothing passes");
    }
  }

  @Test
  void a_level_that_is_stopped_leaves_no_file_and_small_levels_are_not_looked_at()
      throws Exception {
    Strict strict = new Strict();
    List<Outcome> outcomes = outcomes(strict);
    assertThat(outcomes.getLast())
        .isEqualTo(
            new Outcome.Blocked(
                FilterDecision.block(FilterStage.OUTPUT, "strict", "other", "nothing passes")
                    .of("detail")));
    assertThat(outcomes.subList(0, outcomes.size() - 1))
        .allMatch(outcome -> outcome instanceof Outcome.Succeeded);
    assertThat(strict.seen)
        .hasSize(2)
        .allSatisfy(picture -> assertThat(picture.width()).isEqualTo(128))
        .doesNotHaveDuplicates();
  }

  @Test
  void the_farms_own_filter_lets_a_clip_pass_and_its_decision_is_reported() throws Exception {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      Outcome last = outcomes(OwnFilter.on(manager)).getLast();
      assertThat(((Outcome.Succeeded) last).decisions())
          .singleElement()
          .satisfies(
              decision -> {
                assertThat(decision.allowed()).isTrue();
                assertThat(decision.level()).isEqualTo("detail");
                assertThat(decision.policy()).startsWith("nsfwjs-");
              });
    }
  }

  @Test
  void a_preview_of_a_large_level_is_shown_only_if_it_may_pass_and_ends_no_job() throws Exception {
    watching = true;
    outcomes(new Strict());
    assertThat(previewed).contains("base").doesNotContain("detail");
    outcomes(ContentFilter.OFF);
    assertThat(previewed).contains("base", "detail");
  }

  private Attempt attempt(Task task) {
    Attempt attempt =
        new Attempt(
            task,
            live -> {
              if (live instanceof Previewed preview) {
                previewed.add(preview.level());
              }
            },
            _ -> {});
    if (watching) {
      attempt.watched(System.nanoTime() + Duration.ofHours(1).toNanos());
    }
    return attempt;
  }

  /** What became of every task, up to the first that is stopped. */
  private List<Outcome> outcomes(ContentFilter filter) throws Exception {
    Precision precision = Precision.ofThisProcessor();
    NetworkCache networks = new NetworkCache(Device.cpu(), precision, Long.MAX_VALUE);
    LoadedBundle bundle = new LoadedBundle(MODELS.resolve("tiles"), networks);
    Generation generation =
        new Generation(
            Map.of("tiles", bundle),
            new ArtifactFolder(folder.resolve("artifacts")),
            Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
            NDManager.newBaseManager(Device.cpu(), "PyTorch"),
            NumericClass.of(Device.cpu(), precision),
            networks::weights,
            null,
            filter);
    WholeJob whole = new WholeJob(generation, bundle);
    List<List<Product>> products = new ArrayList<>();
    List<Outcome> outcomes = new ArrayList<>();
    for (Plan.PlannedTask planned : Plan.of(CLIP, bundle.card()).tasks()) {
      Outcome outcome =
          generation.make(
              whole.task(CLIP, planned, products), attempt(whole.task(CLIP, planned, products)));
      outcomes.add(outcome);
      if (!(outcome instanceof Outcome.Succeeded done)) {
        assertThat(planned.work()).isInstanceOf(Work.Assemble.class);
        break;
      }
      products.add(done.products());
    }
    return outcomes;
  }
}
