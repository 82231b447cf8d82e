package glimt.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Plan.PlannedInput;
import glimt.job.Plan.PlannedTask;
import glimt.json.Json;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.EarlyEnd;
import glimt.model.Fast;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Parametrisation;
import glimt.model.Quality;
import glimt.model.Sampling;
import glimt.model.WordList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlanTest {
  private static final Sampling EIGHT = Sampling.karras("euler", 8, 2, 0.002, 80, 7);
  private static final Sampling FOUR = Sampling.karras("euler", 4, 1, 0.002, 80, 7);

  private static final BundleCard CLIPS =
      BundleCard.of(
          "clips",
          Kind.VIDEO,
          "Clips.",
          "MIT",
          new WordList(List.of("whale"), Map.of(), Set.of("a"), 4),
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
    // Sample and assemble tasks: base 1 + 1, temporal 3 + 1, spatial 4 windows of 2 by 2 tiles + 1.
    assertThat(plan.tasks()).hasSize(2 + 4 + 17);
    assertThat(plan.tasks().stream().collect(Collectors.groupingBy(task -> task.work().level())))
        .hasEntrySatisfying("spatial", tasks -> assertThat(tasks).hasSize(17));
    PlannedTask last = plan.tasks().getLast();
    assertThat(last.work()).isEqualTo(new Work.Assemble("spatial", List.of(24, 64, 64), 1));
    assertThat(last.after()).hasSize(16);
    assertThat(plan.warnings()).isEmpty();
  }

  @Test
  void a_decoder_that_reads_the_level_below_waits_for_it_beside_its_latents() {
    Plan plan = Plan.of(video(null, null, "a whale"), moving(1));
    List<PlannedTask> decodes =
        plan.tasks().stream().filter(task -> task.work() instanceof Work.Decode).toList();
    assertThat(decodes).hasSize(3);
    assertThat(decodes)
        .allSatisfy(
            task ->
                assertThat(task.inputs())
                    .containsExactly(
                        new PlannedInput(2, Plan.LATENT), new PlannedInput(1, Plan.BELOW)));
    assertThatThrownBy(() -> moving(0)).hasMessageContaining("there is none");
  }

  @Test
  void a_plan_that_takes_a_level_over_has_none_of_its_tasks_but_the_last() {
    JobSpec spec = video(null, null, "a whale");
    Plan whole = Plan.of(spec, CLIPS);
    Plan rest = Plan.of(spec, CLIPS, "temporal");
    assertThat(rest.tasks()).hasSize(1 + 17);
    PlannedTask taken = rest.tasks().getFirst();
    assertThat(taken.taken()).isTrue();
    assertThat(taken.work()).isEqualTo(whole.tasks().get(5).work());
    assertThat(rest.tasks().stream().skip(1).map(PlannedTask::work))
        .isEqualTo(whole.tasks().stream().skip(6).map(PlannedTask::work).toList());
    assertThat(rest.tasks().get(1).inputs()).containsExactly(new PlannedInput(0, Plan.BELOW));
    assertThat(rest.levels()).isEqualTo(CLIPS.levels().subList(1, 3));
    assertThat(names(Plan.of(spec.until("temporal"), CLIPS))).containsExactly("base", "temporal");
    assertThat(names(Plan.of(spec.until("temporal"), CLIPS, "base")))
        .containsExactly("base", "temporal");
    assertThatThrownBy(() -> Plan.of(spec, CLIPS, "spatial"))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("above which there is no level");
    assertThatThrownBy(() -> Plan.of(spec, CLIPS, "motion"))
        .hasMessageContaining("must be one of the levels [base, temporal, spatial]");
  }

  @Test
  void a_spec_that_goes_on_unchanged_is_that_of_the_whole_job() {
    JobSpec whole = video(null, null, "a whale");
    JobSpec draft = whole.until("base");
    assertThat(draft).isNotEqualTo(whole);
    assertThat(draft.until(null)).isEqualTo(whole);
    ArtifactId sample = new ArtifactId("a".repeat(64));
    JobSpec changed = draft.until(null).seeded(9).after("base", sample);
    assertThat(changed.levels()).isEqualTo(new LevelRange(null, "base", sample));
    assertThat(changed.until("temporal").until(null)).isEqualTo(changed);
    assertThat(changed.reworded("a tree").levels()).isNull();
  }

  /** A picture, and a motion that a decoder of the given level joins with the one below. */
  private static BundleCard moving(int decoded) {
    List<Axis> motion =
        List.of(new Axis("frames", 24, 8, 8, 0), Axis.whole("height", 1), Axis.whole("width", 1));
    Codec codec =
        new Codec(
            "frames",
            motion,
            List.of(1, 16, 16),
            List.of(false, false, false),
            3,
            List.of(1.0),
            List.of(0.0),
            null,
            null,
            true);
    Level joined =
        new Level(
            "motion",
            motion.stream().map(axis -> Axis.whole(axis.name(), axis.extent())).toList(),
            4,
            "motion",
            Parametrisation.edm(1),
            List.of(),
            List.of(),
            0,
            codec,
            FOUR,
            null);
    Level picture = level("picture", EIGHT, Axis.whole("frames", 1), 16, 16, 0);
    return CLIPS.with(decoded == 0 ? List.of(joined) : List.of(picture, joined));
  }

  @Test
  void a_model_that_reads_prompts_needs_one() {
    assertThatThrownBy(() -> Plan.of(video(null, null, " "), CLIPS))
        .isInstanceOfSatisfying(
            InvalidSpec.class, refusal -> assertThat(refusal.field()).isEqualTo("prompt"));
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
        case Work.Encode _, Work.Decode _ -> throw new AssertionError(task);
      }
      done.add(task.ordinal());
    }
  }

  @Test
  void the_same_wish_is_split_alike_and_wishes_steer_the_base_only() {
    JobSpec spec =
        new JobSpec(
            Kind.VIDEO,
            "a whale",
            "clips",
            new SamplingOptions(1, 30, 0.0, "heun", null),
            Map.of(),
            Format.MP4);
    Plan plan = Plan.of(spec, CLIPS);
    assertThat(plan).isEqualTo(Plan.of(spec, CLIPS));
    assertThat(plan.tasks().stream().map(PlannedTask::work).filter(Work.Sample.class::isInstance))
        .extracting(work -> ((Work.Sample) work).sampling())
        .startsWith(Sampling.karras("heun", 30, 0, 0.002, 80, 7), FOUR)
        .endsWith(FOUR);
  }

  @Test
  void a_quick_job_is_made_by_the_fast_networks_there_are_and_told_of_the_others() {
    Fast fast = new Fast("base-fast", Sampling.karras("euler", 2, 1, 1, 80, 7));
    BundleCard quick = CLIPS.with(CLIPS.levels().getFirst().with(fast));
    JobSpec spec = quick(null, null, null);
    Plan plan = Plan.of(spec, quick);

    assertThat(((Work.Sample) plan.tasks().getFirst().work()).sampling())
        .isEqualTo(fast.sampling());
    assertThat(plan.levels().getFirst().network()).isEqualTo("base-fast");
    assertThat(plan.levels().subList(1, 3)).isEqualTo(CLIPS.levels().subList(1, 3));
    assertThat(plan.warnings())
        .containsExactly(
            "clips has no fast network for temporal, spatial, which is made at full quality"
                + " instead");
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
  void a_walk_ends_early_where_its_card_says_how_early_and_the_others_are_walked_whole() {
    Level base = CLIPS.levels().getFirst().ending(new EarlyEnd(0.02, 40));
    BundleCard measured = CLIPS.with(base);
    JobSpec spec = ending(SamplingOptions.seeded(1));
    List<Work> works = Plan.of(spec, measured).tasks().stream().map(PlannedTask::work).toList();

    assertThat(((Work.Sample) works.getFirst()).sampling()).isEqualTo(base.sampling().ending(0.02));
    assertThat(works.stream().filter(Work.Sample.class::isInstance))
        .extracting(work -> ((Work.Sample) work).sampling().tolerance())
        .startsWith(0.02, (Double) null)
        .endsWith((Double) null);
    assertThat(Plan.of(video(null, null, "a whale"), measured).tasks())
        .isEqualTo(Plan.of(video(null, null, "a whale"), CLIPS).tasks());
    assertThat(Json.write(spec)).contains("\"adaptive\":true");
    assertThat(Json.write(steps(3)) + Json.write(CLIPS)).doesNotContain("adaptive", "earlyEnd");
    refused(() -> Plan.of(spec, CLIPS), "steps");
    Fast fast = new Fast("base-fast", Sampling.karras("euler", 2, 1, 1, 80, 7));
    JobSpec quick = ending(new SamplingOptions(1, null, null, null, Quality.FAST));
    refused(() -> Plan.of(quick, CLIPS.with(base.with(fast))), "steps");
    refused(() -> new SamplingOptions(1, 9, null, null, null).endingEarly(), "steps");
    refused(() -> new SamplingOptions(1, null, null, "heun", null).endingEarly(), "steps");
  }

  @Test
  void a_network_that_is_not_told_its_guidance_is_walked_with_no_rule_that_tells_it() {
    GuidanceRule told = new GuidanceRule(GuidanceRule.Mixing.TOLD, 5, 0, null, null);
    SamplingOptions wishes = new SamplingOptions(1, null, null, null, null, told, null, null);
    JobSpec spec = new JobSpec(Kind.VIDEO, "a whale", "clips", wishes, Map.of(), Format.MP4);
    refused(() -> Plan.of(spec, CLIPS), "guidanceRule");
  }

  private static JobSpec ending(SamplingOptions options) {
    return new JobSpec(Kind.VIDEO, "a whale", "clips", options.endingEarly(), Map.of(), Format.MP4);
  }

  @Test
  void fewer_frames_or_pixels_end_the_plan_at_a_lower_level() {
    assertThat(names(Plan.of(video(8, null, "a whale"), CLIPS))).containsExactly("base");
    assertThat(names(Plan.of(video(24, 16, "a whale"), CLIPS))).containsExactly("base", "temporal");
    assertThat(names(Plan.of(video(24, 64, "a whale"), CLIPS)))
        .containsExactly("base", "temporal", "spatial");
    refused(() -> Plan.of(video(9, null, "a whale"), CLIPS), "frames");
    refused(() -> Plan.of(video(8, 64, "a whale"), CLIPS), "width");
  }

  @Test
  void a_bundle_of_another_kind_is_refused() {
    JobSpec points =
        new JobSpec(
            Kind.POINTS,
            "a whale",
            "clips",
            new SamplingOptions(1, null, null, null, null),
            Map.of(),
            Format.PLY);
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

  private static void refused(Runnable planning, String field) {
    assertThatThrownBy(planning::run)
        .isInstanceOfSatisfying(InvalidSpec.class, e -> assertThat(e.field()).isEqualTo(field));
  }

  private static List<String> names(Plan plan) {
    return plan.levels().stream().map(Level::name).toList();
  }

  private static JobSpec video(@Nullable Integer frames, @Nullable Integer size, String prompt) {
    Map<String, Integer> extents = new HashMap<>();
    if (frames != null) {
      extents.put("frames", frames);
    }
    if (size != null) {
      extents.put("height", size);
      extents.put("width", size);
    }
    return new JobSpec(
        Kind.VIDEO,
        prompt,
        "clips",
        new SamplingOptions(1, null, null, null, null),
        extents,
        Format.MP4);
  }

  private static JobSpec quick(
      @Nullable Integer steps, @Nullable Double guidance, @Nullable String sampler) {
    SamplingOptions wishes = new SamplingOptions(1, steps, guidance, sampler, Quality.FAST);
    return new JobSpec(Kind.VIDEO, "a whale", "clips", wishes, Map.of(), Format.MP4);
  }

  private static JobSpec steps(int steps) {
    SamplingOptions wishes = new SamplingOptions(1, steps, null, null, null);
    return new JobSpec(Kind.VIDEO, "a whale", "clips", wishes, Map.of(), Format.MP4);
  }

  private static Level level(
      String name, Sampling sampling, Axis frames, int size, int tile, int halo) {
    int step = size == tile ? tile : size - tile;
    List<Axis> axes =
        List.of(
            frames,
            new Axis("height", size, tile, step, halo),
            new Axis("width", size, tile, step, halo));
    return Level.edm(name, axes, 3, name, 0.5, List.of(), List.of(), 0, sampling);
  }
}
