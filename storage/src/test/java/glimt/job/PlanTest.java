package glimt.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Plan.PlannedTask;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Fast;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Quality;
import glimt.model.Sampling;
import glimt.model.Vocabulary;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlanTest {
  private static final Sampling EIGHT = new Sampling("euler", 8, 2, 0.002, 80, 7);
  private static final Sampling FOUR = new Sampling("euler", 4, 1, 0.002, 80, 7);

  private static final BundleCard CLIPS =
      new BundleCard(
          "clips",
          Kind.VIDEO,
          "Clips.",
          "MIT",
          new Vocabulary(List.of("whale"), Map.of(), Set.of("a"), 4),
          12,
          List.of(1.0, 1.0, 1.0),
          List.of(0.0, 0.0, 0.0),
          List.of(
              level("base", EIGHT, Axis.whole("frames", 8), 16, 16, 0),
              level("temporal", FOUR, new Axis("frames", 24, 12, 6, 0), 16, 16, 0),
              level("spatial", FOUR, new Axis("frames", 24, 9, 5, 1), 64, 40, 4)),
          Map.of(),
          Map.of());

  @Test
  void a_level_is_cut_into_segments_and_put_together_before_the_next() {
    Plan plan = Plan.of(video(null, null, "a whale"), CLIPS);
    assertThat(plan.levels()).isEqualTo(CLIPS.levels());
    // 1 + 1 of the base, 3 windows + 1, 4 windows of 2 by 2 tiles + 1.
    assertThat(plan.tasks()).hasSize(2 + 4 + 17);
    assertThat(plan.tasks().stream().collect(Collectors.groupingBy(task -> task.work().level())))
        .hasEntrySatisfying("spatial", tasks -> assertThat(tasks).hasSize(17));
    PlannedTask last = plan.tasks().getLast();
    assertThat(last.work()).isEqualTo(new Work.Assemble("spatial", List.of(24, 64, 64), 1));
    assertThat(last.after()).hasSize(16);
    assertThat(plan.warnings()).isEmpty();
  }

  @Test
  void each_task_reads_only_from_tasks_before_it_and_a_level_only_from_the_one_below() {
    Plan plan = Plan.of(video(null, null, "a whale"), CLIPS);
    Set<Integer> done = new HashSet<>();
    Integer below = null;
    for (PlannedTask task : plan.tasks()) {
      assertThat(task.ordinal()).isEqualTo(done.size());
      assertThat(done).containsAll(task.after());
      switch (task.work()) {
        case Work.Sample _ ->
            assertThat(task.after()).isEqualTo(below == null ? List.of() : List.of(below));
        case Work.Assemble(String level, _, _) -> {
          assertThat(task.after())
              .containsExactlyElementsOf(
                  plan.tasks().stream()
                      .filter(other -> other.work().level().equals(level))
                      .filter(other -> other.work() instanceof Work.Sample)
                      .map(PlannedTask::ordinal)
                      .toList());
          below = task.ordinal();
        }
      }
      done.add(task.ordinal());
    }
  }

  @Test
  void the_same_wish_is_split_alike_and_wishes_steer_the_base_only() {
    JobSpec spec =
        new JobSpec.Video(
            "a whale", "clips", new JobSpec.Wishes(1, 30, 0.0, "heun"), null, null, Format.MP4);
    Plan plan = Plan.of(spec, CLIPS);
    assertThat(plan).isEqualTo(Plan.of(spec, CLIPS));
    assertThat(plan.tasks().stream().map(PlannedTask::work).filter(Work.Sample.class::isInstance))
        .extracting(work -> ((Work.Sample) work).sampling())
        .startsWith(new Sampling("heun", 30, 0, 0.002, 80, 7), FOUR)
        .endsWith(FOUR);
  }

  @Test
  void a_quick_job_is_made_by_the_fast_networks_there_are_and_told_of_the_others() {
    Fast fast = new Fast("base-fast", new Sampling("euler", 2, 1, 1, 80, 7));
    BundleCard quick = CLIPS.with(CLIPS.levels().getFirst().with(fast));
    JobSpec spec = quick(null, null, null);
    Plan plan = Plan.of(spec, quick);

    assertThat(((Work.Sample) plan.tasks().getFirst().work()).sampling())
        .isEqualTo(fast.sampling());
    assertThat(plan.levels().getFirst().network()).isEqualTo("base-fast");
    assertThat(plan.levels().subList(1, 3)).isEqualTo(CLIPS.levels().subList(1, 3));
    assertThat(plan.warnings())
        .containsExactly(
            "clips has no fast network for temporal, spatial, made at full quality instead");
    assertThat(Plan.of(video(null, null, "a whale"), quick).tasks())
        .isEqualTo(Plan.of(video(null, null, "a whale"), CLIPS).tasks());

    refused(() -> Plan.of(quick(9, null, null), quick), "steps");
    refused(() -> Plan.of(quick(null, 2.0, null), quick), "guidance");
    refused(() -> Plan.of(quick(null, null, "heun"), quick), "sampler");
  }

  @Test
  void a_quick_job_of_a_card_without_fast_networks_is_made_in_full_and_told_so() {
    Plan plan = Plan.of(quick(30, null, null), CLIPS);
    assertThat(plan.tasks()).isEqualTo(Plan.of(steps(30), CLIPS).tasks());
    assertThat(plan.warnings()).singleElement().asString().contains("base, temporal, spatial");
  }

  @Test
  void fewer_frames_or_pixels_end_the_plan_at_a_lower_level() {
    assertThat(names(Plan.of(video(8, null, "a whale"), CLIPS))).containsExactly("base");
    assertThat(names(Plan.of(video(24, 16, "a whale"), CLIPS))).containsExactly("base", "temporal");
    assertThat(names(Plan.of(video(24, 64, "a whale"), CLIPS)))
        .containsExactly("base", "temporal", "spatial");
    refused(() -> Plan.of(video(9, null, "a whale"), CLIPS), "frames");
    refused(() -> Plan.of(video(8, 64, "a whale"), CLIPS), "size");
  }

  @Test
  void a_bundle_of_another_kind_is_refused() {
    JobSpec points =
        new JobSpec.PointCloud(
            "a whale", "clips", new JobSpec.Wishes(1, null, null, null), null, Format.PLY);
    refused(() -> Plan.of(points, CLIPS), "model");
  }

  @Test
  void what_was_not_understood_is_told() {
    assertThat(Plan.of(video(null, null, "a wale"), CLIPS).warnings())
        .first()
        .asString()
        .contains("'wale'", "whale");
  }

  @Test
  void work_counts_network_evaluations_times_values() {
    Plan plan = Plan.of(video(null, null, "a whale"), CLIPS);
    assertThat(plan.tasks().getFirst().work().amount()).isEqualTo(8L * 8 * 16 * 16);
    assertThat(plan.tasks().getLast().work().amount()).isEqualTo(24L * 64 * 64);
  }

  @Test
  void a_file_has_the_size_asked_for_and_only_a_level_below_may_need_more() {
    assertThat(scales(shown(null, Format.MP4, 64))).containsExactly(1, 1, 1);
    assertThat(scales(shown(4, Format.GIF, 64))).containsExactly(4, 4, 4);
    // A base of 17 by 17 is made even for MP4, by the least multiple of what was asked for.
    assertThat(scales(shown(null, Format.MP4, 64), odd(17, 64))).containsExactly(2, 1);
    assertThat(scales(shown(3, Format.MP4, 64), odd(17, 64))).containsExactly(6, 3);
    assertThat(scales(shown(null, Format.MP4, 64), odd(3, 64))).containsExactly(6, 1);
    assertThat(scales(shown(null, Format.WEBM, 64), odd(17, 64))).containsExactly(1, 1);
    assertThat(scales(shown(null, Format.GIF, 17), odd(17, 64))).containsExactly(1);
    assertThat(
            Plan.of(
                    new JobSpec.PointCloud(
                        "a", "o", new JobSpec.Wishes(1, null, null, null), null, Format.GLB),
                    points())
                .tasks()
                .getLast()
                .work())
        .isEqualTo(new Work.Assemble("base", List.of(8), 1));
  }

  @Test
  void a_file_that_its_format_cannot_hold_is_refused_with_what_can() {
    refused(() -> Plan.of(shown(null, Format.MP4, 17), odd(17, 64)), "format");
    assertThatThrownBy(() -> Plan.of(shown(null, Format.MP4, 17), odd(17, 64)))
        .hasMessage(
            "mp4 keeps even sides of 16 pixels or more, not 17x17; take one of [webm, gif, png], or"
                + " enlarge 2");
    assertThat(scales(shown(2, Format.MP4, 17), odd(17, 64))).containsExactly(2);
    refused(() -> Plan.of(shown(17, Format.PNG, 64), CLIPS), "enlarge");
    refused(() -> shown(0, Format.PNG, 64), "enlarge");
    refused(() -> shown(65, Format.PNG, 64), "enlarge");
  }

  private static JobSpec shown(@Nullable Integer enlarge, Format format, int size) {
    JobSpec.Wishes wishes = new JobSpec.Wishes(1, null, null, null);
    return new JobSpec.Video("a whale", "clips", wishes, null, size, format, enlarge);
  }

  private static List<Integer> scales(JobSpec spec) {
    return scales(spec, CLIPS);
  }

  private static List<Integer> scales(JobSpec spec, BundleCard card) {
    return Plan.of(spec, card).tasks().stream()
        .map(PlannedTask::work)
        .filter(Work.Assemble.class::isInstance)
        .map(work -> ((Work.Assemble) work).scale())
        .toList();
  }

  /** A card with levels of these sizes. */
  private static BundleCard odd(int... sizes) {
    List<Level> levels =
        Arrays.stream(sizes)
            .mapToObj(size -> level("l" + size, EIGHT, Axis.whole("frames", 8), size, size, 0))
            .toList();
    return card(Kind.VIDEO, 12, 3, levels);
  }

  private static BundleCard points() {
    Level base =
        new Level("base", List.of(Axis.whole("points", 8)), 6, "b", 1, List.of(), 0, EIGHT);
    return card(Kind.POINTS, 0, 6, List.of(base));
  }

  private static BundleCard card(Kind kind, int fps, int channels, List<Level> levels) {
    return new BundleCard(
        "odd",
        kind,
        "Odd.",
        "MIT",
        new Vocabulary(List.of("whale"), Map.of(), Set.of("a"), 4),
        fps,
        Collections.nCopies(channels, 1.0),
        Collections.nCopies(channels, 0.0),
        levels,
        Map.of(),
        Map.of());
  }

  private static void refused(Runnable planning, String field) {
    assertThatThrownBy(planning::run)
        .isInstanceOfSatisfying(InvalidSpec.class, e -> assertThat(e.field()).isEqualTo(field));
  }

  private static List<String> names(Plan plan) {
    return plan.levels().stream().map(Level::name).toList();
  }

  private static JobSpec video(@Nullable Integer frames, @Nullable Integer size, String prompt) {
    return new JobSpec.Video(
        prompt, "clips", new JobSpec.Wishes(1, null, null, null), frames, size, Format.MP4);
  }

  private static JobSpec quick(
      @Nullable Integer steps, @Nullable Double guidance, @Nullable String sampler) {
    JobSpec.Wishes wishes = new JobSpec.Wishes(1, steps, guidance, sampler, Quality.FAST);
    return new JobSpec.Video("a whale", "clips", wishes, null, null, Format.MP4);
  }

  private static JobSpec steps(int steps) {
    JobSpec.Wishes wishes = new JobSpec.Wishes(1, steps, null, null);
    return new JobSpec.Video("a whale", "clips", wishes, null, null, Format.MP4);
  }

  private static Level level(
      String name, Sampling sampling, Axis frames, int size, int tile, int halo) {
    int step = size == tile ? tile : size - tile;
    List<Axis> axes =
        List.of(
            frames,
            new Axis("height", size, tile, step, halo),
            new Axis("width", size, tile, step, halo));
    return new Level(name, axes, 3, name, 0.5, List.of(), 0, sampling);
  }
}
