package glimt.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Fault;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.Lease;
import glimt.job.LoraChoice;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.TenantId;
import glimt.job.Work;
import glimt.job.WorkerId;
import glimt.ledger.Ledger;
import glimt.model.BundleCard;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.LoraAdapter;
import glimt.model.Port;
import glimt.model.Quality;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.model.Segment;
import glimt.model.Span;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class JsonTest {
  private static final String SPEC =
      """
      {"version": 2, "kind": "video", "prompt": "a whale", "model": "clips",
       "sampling": {"seed": 7, "steps": 12, "guidance": 2.5, "sampler": null},
       "extents": {"frames": 24}, "format": "mp4"}\
      """;

  static Stream<Object> nouns() {
    JobId job = new JobId(new UUID(1, 2));
    ArtifactId digest = Ledger.digestOf("x");
    Work work =
        new Work.Sample(
            "base",
            new Segment(List.of(new Span(0, 8), new Span(4, 16))),
            Sampling.karras("euler", 4, 1.5, 0.002, 80, 7),
            null);
    List<Product> products =
        List.of(new Product(Product.Role.MEDIA, new Artifact(digest, "video/mp4", 1L << 40)));
    Checkpoint checkpoint = new Checkpoint(digest, 3, "cpu avx2 float32 1 thread");
    Instant at = Instant.parse("2026-11-22T10:11:12.123456Z");
    return Stream.of(
        Ledger.spec(),
        Json.read(SPEC, JobSpec.class),
        Ledger.card("toy", 3),
        Ledger.card("toy", 3)
            .holding(
                Map.of("ink.lora.safetensors", digest.sha256()),
                Map.of(),
                Map.of(),
                List.of(new LoraAdapter("ink", "ink.lora.safetensors", List.of("net")))),
        new LoraChoice("ink", -0.5),
        job,
        digest,
        new TaskId(Long.MAX_VALUE),
        new TenantId("default"),
        new WorkerId("w-1"),
        work,
        new Work.Assemble("base", List.of(8, 16, 16), null),
        new Outcome.Succeeded(products),
        new Outcome.Succeeded(products, List.of("a warning")),
        new Outcome.Failed(Fault.OUT_OF_MEMORY, "no room"),
        new Outcome.Damaged(digest),
        new Outcome.Yielded(Optional.empty()),
        new Outcome.Yielded(Optional.of(checkpoint)),
        new JobEvent(job, 1, at, new JobEvent.Submitted(List.of("a warning"))),
        new JobEvent(job, 2, at, new JobEvent.JobStarted()),
        new JobEvent(job, 2, at, new JobEvent.Warned(List.of("a warning"))),
        new JobEvent(job, 3, at, new JobEvent.LevelFinished("base", products)),
        new JobEvent(job, 4, at, new JobEvent.JobEnded(JobState.FAILED, Fault.POISON, "why")),
        new Task(
            new Lease(new TaskId(1), 2),
            job,
            Ledger.spec(),
            digest,
            3,
            work,
            List.of(new Task.Input("below", digest)),
            products,
            List.of(checkpoint)));
  }

  @ParameterizedTest
  @MethodSource("nouns")
  void a_noun_comes_back_as_it_was(Object noun) {
    assertThat(Json.read(Json.write(noun), noun.getClass())).isEqualTo(noun);
    assertThat(Json.read(Json.pretty(noun), noun.getClass())).isEqualTo(noun);
  }

  @Test
  void a_fact_written_as_itself_says_which_it_is() {
    assertThat(Json.write(new JobEvent.JobStarted())).isEqualTo("{\"type\":\"started\"}");
    assertThat(Json.read("{\"type\":\"started\"}", JobEvent.Fact.class))
        .isEqualTo(new JobEvent.JobStarted());
  }

  @Test
  void words_are_in_lower_case_ids_are_plain_and_times_are_iso_8601() throws Exception {
    JobEvent event =
        new JobEvent(
            new JobId(new UUID(0, 1)),
            2,
            Instant.parse("2026-11-22T10:11:12Z"),
            new JobEvent.JobEnded(JobState.FAILED, Fault.OUT_OF_MEMORY, null));
    JsonNode json = Json.mapper().readTree(Json.write(event));
    assertThat(json.at("/job").asText()).isEqualTo("00000000-0000-0000-0000-000000000001");
    assertThat(json.at("/at").asText()).isEqualTo("2026-11-22T10:11:12Z");
    assertThat(json.at("/fact/type").asText()).isEqualTo("ended");
    assertThat(json.at("/fact/fault").asText()).isEqualTo("out_of_memory");
    assertThat(json.at("/fact/why").isNull()).isTrue();
    assertThat(Json.write(new TaskId(7))).isEqualTo("7");
    assertThat(Json.mapper().readTree(Json.write(Ledger.spec())).at("/kind").asText())
        .isEqualTo("points");
    assertThat(Json.write(new Outcome.Yielded(Optional.empty())))
        .isEqualTo("{\"type\":\"yielded\",\"checkpoint\":null}");
  }

  @Test
  void what_may_be_null_may_be_left_out() {
    JobSpec spec =
        Json.read(
            """
            {"version": 2, "prompt": "a whale", "kind": "video", "model": "clips",
             "format": "webm", "extents": {}, "sampling": {"seed": 0}}\
            """,
            JobSpec.class);
    assertThat(spec)
        .isEqualTo(
            new JobSpec(
                Kind.VIDEO,
                "a whale",
                "clips",
                new SamplingOptions(0, null, null, null, null),
                Map.of(),
                Format.WEBM));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "prompt": "a whale"       | "prompt": null                    | prompt
          "prompt": "a whale"       | "prompt": 7                       | prompt
          "prompt": "a whale"       | "prompt": ["a whale"]             | prompt
          "prompt": "a whale"       | "prompt": "a \\u0000 whale"       | prompt
          "prompt": "a whale"       | "prompt": "a \\ud800 whale"       | prompt
          "prompt": "a whale"       | "prompt": "a whale", "prompt": "" | ''
          "kind": "video"           | "kind": "VIDEO"                   | kind
          "kind": "video"           | "kind": "music"                   | kind
          "kind": "video"           | "kind": null                      | kind
          "kind": "video", "        | "                                 | kind
          "frames": 24              | "frames": "24"                    | extents.frames
          "frames": 24              | "frames": 24.5                    | extents.frames
          "frames": 24              | "frames": 99999999999             | extents
          "frames": 24              | "frames": true                    | extents.frames
          "frames": 24              | "frames": {}                      | extents.frames
          "frames": 24              | "points": 24                      | points
          "frames": 24              | "frames": 0                       | frames
          "version": 2              | "version": 3                      | version
          "seed": 7                 | "seed": -1                        | seed
          "seed": 7                 | "seed": 9007199254740992          | seed
          "seed": 7                 | "seed": 1e3                       | sampling.seed
          "seed": 7                 | "seed": null                      | sampling.seed
          "seed": 7                 | "seed": ""                        | sampling.seed
          "steps": 12               | "steps": 0                        | steps
          "steps": 12               | "steps": 1e999                    | sampling.steps
          "guidance": 2.5           | "guidance": NaN                   | ''
          "guidance": 2.5           | "guidance": "NaN"                 | sampling.guidance
          "guidance": 2.5           | "guidance": "2.5"                 | sampling.guidance
          "guidance": 2.5           | "guidance": 1e999                 | sampling.guidance
          "guidance": 2.5           | "guidance": -1e999                | sampling.guidance
          "guidance": 2.5           | "guidance": 21                    | guidance
          "format": "mp4"           | "format": "MP4"                   | format
          "format": "mp4"           | "format": 0                       | format
          "format": "mp4"           | "format": ""                      | format
          "format": "mp4"           | "format": "glb"                   | format
          "sampling": {             | "mood": 1, "sampling": {          | mood
          "sampling": {             | "@class": "X", "sampling": {      | @class
          "format": "mp4"}          | "format": "mp4"} {}               | ''
          "format": "mp4"}          | "format": "mp4",}                 | ''
          "format": "mp4"}          | "format": "mp4"                   | ''
          """)
  void bad_json_is_refused_by_the_name_of_the_field(String good, String bad, String field) {
    assertThat(SPEC).contains(good);
    String json = SPEC.replace(good, bad);
    assertThatThrownBy(() -> Json.read(json, JobSpec.class))
        .isInstanceOfSatisfying(
            InvalidSpec.class,
            refusal -> {
              assertThat(refusal.field()).isEqualTo(field);
              assertThat(refusal.getMessage()).isNotBlank().doesNotContain("glimt.");
            });
  }

  @ParameterizedTest
  @CsvSource({"null", "''", "[]", "7", "'\"video\"'", "'{'", "'// c\n{}'", "'{\"a\":1}{'"})
  void what_is_not_an_object_is_no_spec(String json) {
    assertThatThrownBy(() -> Json.read(json, JobSpec.class)).isInstanceOf(InvalidSpec.class);
  }

  @Test
  void a_spec_of_the_first_version_is_read_as_it_was_meant() {
    String first =
        """
        {"kind": "video", "prompt": "a whale", "model": "clips",
         "wishes": {"seed": 7, "steps": 12, "guidance": 2.5, "sampler": null, "quality": "fast"},
         "frames": 24, "size": 64, "format": "png"}\
        """;
    assertThat(Json.read(first, JobSpec.class))
        .isEqualTo(
            new JobSpec(
                Kind.VIDEO,
                "a whale",
                "clips",
                new SamplingOptions(7, 12, 2.5, null, Quality.FAST),
                Map.of("frames", 24, "height", 64, "width", 64),
                Format.APNG));
  }

  @Test
  void work_of_the_first_version_is_read_as_it_was_meant() {
    String first =
        """
        {"type": "sample", "level": "base", "segment": {"spans": [{"start": 0, "end": 8}]},
         "sampling": {"sampler": "euler", "steps": 4, "guidance": 1.5, "sigmaMin": 0.002,
                      "sigmaMax": 80.0, "rho": 7.0}}\
        """;
    assertThat(Json.read(first, Work.class))
        .isEqualTo(
            new Work.Sample(
                "base",
                new Segment(List.of(new Span(0, 8))),
                Sampling.karras("euler", 4, 1.5, 0.002, 80, 7),
                null));
  }

  @Test
  void a_card_of_the_first_version_is_read_as_it_was_meant() {
    String first =
        """
        {"name": "toy", "kind": "POINTS", "summary": "Toy points.", "licence": "Apache-2.0",
         "vocabulary": {"words": ["pine", "tree"], "synonyms": {"fir": ["pine", "tree"]},
                        "ignored": ["a"], "length": 4},
         "fps": 0, "scale": [1.0], "offset": [0.0],
         "levels": [
           {"name": "base", "axes": [{"name": "points", "extent": 8, "window": 8, "step": 8,
             "halo": 0}], "channels": 1, "network": "base", "sigmaData": 1.0, "residual": [],
            "belowNoise": 0.0, "sampling": {"sampler": "euler", "steps": 4, "guidance": 2.0,
            "sigmaMin": 0.01, "sigmaMax": 80.0, "rho": 7.0}},
           {"name": "dense", "axes": [{"name": "points", "extent": 24, "window": 8, "step": 8,
             "halo": 0}], "channels": 1, "network": "dense", "sigmaData": 1.0, "residual": [1.0],
            "belowNoise": 0.1, "sampling": {"sampler": "euler", "steps": 2, "guidance": 1.0,
            "sigmaMin": 0.01, "sigmaMax": 80.0, "rho": 7.0}, "fast": null}],
         "files": {"base.py": "%s"}, "notes": {"data": "none"}}\
        """
            .formatted("0".repeat(64));
    BundleCard card = Json.read(first, BundleCard.class);
    assertThat(card.level("base").ports())
        .containsExactly(Port.prompt("words", Port.Unconditional.ZEROS));
    assertThat(card.level("dense").ports())
        .containsExactly(Port.prompt("words", Port.Unconditional.ZEROS), Port.below("below"));
    assertThat(card)
        .usingRecursiveComparison()
        .ignoringFields("levels")
        .isEqualTo(Ledger.card("toy", 3));
    for (Level level : Ledger.card("toy", 3).levels()) {
      assertThat(card.level(level.name()).sampling()).isEqualTo(level.sampling());
      assertThat(card.level(level.name()).parametrisation()).isEqualTo(level.parametrisation());
    }
  }

  @Test
  void a_card_of_a_newer_version_is_refused_in_a_clear_line() {
    String newer = Json.write(Ledger.card("toy", 3)).replace("\"version\":2", "\"version\":7");
    assertThatThrownBy(() -> Json.read(newer, BundleCard.class))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("7")
        .hasMessageContaining("newer");
  }

  @Test
  void depth_is_limited() {
    String deep = "{\"notes\":".repeat(500);
    assertThatThrownBy(() -> Json.read(deep, BundleCard.class)).isInstanceOf(InvalidSpec.class);
  }

  @ParameterizedTest
  @CsvSource({
    "00000000-0000-0001-0000-00000000000A",
    "1-1-1-1-1",
    "../../etc/passwd",
    "''",
  })
  void a_job_has_one_name(String text) {
    assertThatThrownBy(() -> Json.read('"' + text + '"', JobId.class))
        .isInstanceOf(InvalidSpec.class);
  }

  @Test
  void a_card_is_written_alike_in_every_process() {
    String json = Json.write(Ledger.card("toy", 3));
    assertThat(json).contains("\"ignored\":[\"a\"]").contains("\"sigmaData\":1.0");
    assertThat(Json.write(Json.read(json, BundleCard.class))).isEqualTo(json);
  }

  @Test
  void a_published_schedule_is_read_back_as_it_was_written() {
    Map<String, Object> settings = new java.util.HashMap<>();
    settings.put("_class_name", "DPMSolverMultistepScheduler");
    settings.put("beta_start", 0.00085);
    settings.put("steps_offset", 1);
    settings.put("use_karras_sigmas", true);
    settings.put("lambda_min_clipped", "-Infinity");
    settings.put("disable_corrector", List.of(0, 1));
    settings.put("trained_betas", null);
    Sampling sampling =
        new Sampling(Sampling.PUBLISHED, 4, GuidanceRule.of(5), new Schedule.Published(settings));
    String json = Json.write(sampling);
    assertThat(json).contains("\"type\":\"published\"");
    assertThat(Json.read(json, Sampling.class)).isEqualTo(sampling);
    assertThat(Json.write(Json.read(json, Sampling.class))).isEqualTo(json);
    assertThatThrownBy(() -> Json.read(json.replace("_class_name", "class"), Sampling.class))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("_class_name");
  }

  @Test
  void the_published_sampler_walks_a_published_schedule_alone() {
    Schedule karras = new Schedule.Karras(0.1, 10, 7);
    assertThatThrownBy(() -> new Sampling(Sampling.PUBLISHED, 4, GuidanceRule.of(5), karras))
        .hasMessageContaining("published schedule");
    Schedule published = new Schedule.Published(Map.of("_class_name", "DDIMScheduler"));
    assertThat(new Sampling("euler", 4, GuidanceRule.of(0.5), published).guided()).isFalse();
    assertThat(new Sampling("euler", 4, GuidanceRule.of(0.5), karras).guided()).isTrue();
    GuidanceRule told = new GuidanceRule(GuidanceRule.Mixing.TOLD, 8.5, 0, null, null);
    assertThat(new Sampling("euler", 4, told, published).guided()).isFalse();
  }
}
