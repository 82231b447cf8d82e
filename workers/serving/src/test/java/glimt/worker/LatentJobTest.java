package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.diffusion.Samplers;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Plan.PlannedTask;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.Work;
import glimt.media.Ffmpeg;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs whole jobs of a bundle with an encoder, latents and a decoder, task by task. */
class LatentJobTest {
  @TempDir static Path folder;
  private static ArtifactFolder artifacts;
  private static Generation generation;

  @BeforeAll
  static void prepare() throws IOException {
    artifacts = new ArtifactFolder(folder.resolve("artifacts"));
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    generation =
        new Generation(
            Map.of(
                "latents",
                new LoadedBundle(LatentBundle.write(folder.resolve("latents")), networks)),
            artifacts,
            Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
            NDManager.newBaseManager(Device.cpu(), "PyTorch"),
            NumericClass.of(Device.cpu(), Precision.FLOAT32),
            networks::weights);
  }

  @Test
  void an_image_of_any_size_the_rules_allow_is_made_through_latents_and_tiles() throws Exception {
    JobSpec spec = spec("a red", null, Map.of("height", 192, "width", 256), Format.PNG, null);
    Plan plan = plan(spec);
    assertThat(plan.tasks())
        .extracting(PlannedTask::work)
        .hasAtLeastOneElementOfType(Work.Encode.class);
    assertThat(plan.tasks().stream().filter(task -> task.work() instanceof Work.Decode).count())
        .as("tiles of the latent of 12 x 16")
        .isGreaterThan(4);
    List<Product> media = media(done(spec));
    assertThat(media).hasSize(2);
    assertThat(sizes(media)).containsExactly("128x96", "256x192");
  }

  @Test
  void a_size_that_the_rules_forbid_is_refused_with_the_nearest() {
    assertThatThrownBy(() -> plan(spec("a red", null, Map.of("width", 200), Format.PNG, null)))
        .isInstanceOfSatisfying(
            InvalidSpec.class,
            refusal -> {
              assertThat(refusal.field()).isEqualTo("width");
              assertThat(refusal).hasMessageContaining("not 200").hasMessageContaining("208");
            });
  }

  @Test
  void a_picture_is_written_as_png_jpeg_or_webp() throws Exception {
    for (Format format : List.of(Format.PNG, Format.JPEG, Format.WEBP)) {
      byte[] file =
          artifacts.read(
              media(done(spec("a blue", null, Map.of(), format, null))).getLast().artifact().id());
      String start = new String(file, 0, 12, java.nio.charset.StandardCharsets.ISO_8859_1);
      assertThat(start)
          .as(format.ending())
          .contains(
              switch (format) {
                case PNG -> "PNG";
                case JPEG -> "\u00ff\u00d8\u00ff";
                default -> "WEBP";
              });
    }
  }

  @Test
  void a_negative_prompt_changes_the_picture_and_another_prompt_too() throws Exception {
    byte[] plain = last(spec("a red", null, Map.of(), Format.PNG, null));
    assertThat(last(spec("a red", "blue", Map.of(), Format.PNG, null))).isNotEqualTo(plain);
    assertThat(last(spec("a tall", null, Map.of(), Format.PNG, null))).isNotEqualTo(plain);
    assertThat(last(spec("a red", null, Map.of(), Format.PNG, null))).isEqualTo(plain);
  }

  @Test
  void what_an_encoder_has_made_in_this_class_is_not_made_again() throws Exception {
    JobSpec spec = spec("a red tall", null, Map.of(), Format.PNG, null);
    PlannedTask encode = plan(spec).tasks().getFirst();
    Task first = task(spec, encode, List.of(), List.of());
    List<Product> made = products(generation.make(first, attempt(first)));
    Task second = task(spec, encode, List.of(), made);
    assertThat(products(generation.make(second, attempt(second)))).isEqualTo(made);
    assertThat(Objects.requireNonNull(encode.content()).sha256())
        .isEqualTo(Objects.requireNonNull(plan(spec).tasks().getFirst().content()).sha256());
    artifacts.remove(made.getFirst().artifact().id(), java.time.Duration.ZERO);
    assertThat(products(generation.make(second, attempt(second))))
        .as("made again bit for bit, since its file is gone")
        .isEqualTo(made);
    assertThat(artifacts.verify(made.getFirst().artifact().id())).isTrue();
  }

  /** Returns all samplers, guidance rules, thresholds and schedules that a job can ask for. */
  static Stream<Arguments> ways() {
    List<Arguments> ways = new ArrayList<>();
    for (String sampler : Samplers.names()) {
      ways.add(Arguments.of("sampler " + sampler, options(sampler, null, null, null)));
    }
    // Only a network that is told the weight takes the mixing that tells it.
    for (GuidanceRule.Mixing mixing : EnumSet.complementOf(EnumSet.of(GuidanceRule.Mixing.TOLD))) {
      for (double rescale : new double[] {0, 0.7}) {
        ways.add(
            Arguments.of(
                "guidance " + mixing + " rescaled " + rescale,
                options(null, new GuidanceRule(mixing, 4, rescale, null, null), null, null)));
      }
    }
    ways.add(
        Arguments.of(
            "guidance in an interval",
            options(
                null,
                new GuidanceRule(
                    GuidanceRule.Mixing.PLAIN, 4, 0, new GuidanceRule.Interval(0.5, 5), null),
                null,
                null)));
    for (Thresholds thresholds :
        List.of(new Thresholds.Clamp(1), new Thresholds.Dynamic(0.9, 2), new Thresholds.Open())) {
      ways.add(Arguments.of("" + thresholds, options(null, null, null, thresholds)));
    }
    for (Schedule.BetaCurve curve : Schedule.BetaCurve.values()) {
      ways.add(Arguments.of("" + curve, options(null, null, chain(curve, null), null)));
    }
    for (Schedule.StepSpacing spacing : Schedule.StepSpacing.values()) {
      ways.add(
          Arguments.of(
              "" + spacing,
              options(
                  null,
                  null,
                  new Schedule.Discrete(
                      Schedule.BetaCurve.LINEAR, 1000, 1e-4, 0.02, true, spacing, 0, null),
                  null)));
    }
    for (Schedule.LevelRamp ramp : Schedule.LevelRamp.values()) {
      ways.add(
          Arguments.of(
              "" + ramp, options(null, null, chain(Schedule.BetaCurve.LINEAR, ramp), null)));
    }
    return ways.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void every_way_to_walk_can_be_asked_for_by_a_job(String name, SamplingOptions options)
      throws Exception {
    JobSpec spec =
        new JobSpec(
            Kind.IMAGE, "a red", "latents", options, Map.of("width", 64, "height", 64), Format.PNG);
    assertThat(sizes(media(done(spec)))).as(name).containsExactly("32x32", "64x64");
  }

  @Test
  void a_schedule_that_does_not_go_with_the_network_is_refused() {
    SamplingOptions options = options(null, null, new Schedule.Karras(0.1, 10, 7), null);
    assertThatThrownBy(
            () -> plan(new JobSpec(Kind.IMAGE, "a", "latents", options, Map.of(), Format.PNG)))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("discrete");
  }

  private static Schedule chain(Schedule.BetaCurve curve, Schedule.@Nullable LevelRamp ramp) {
    return new Schedule.Discrete(
        curve, 1000, 1e-4, 0.02, false, Schedule.StepSpacing.LEADING, 1, ramp);
  }

  private static SamplingOptions options(
      @Nullable String sampler,
      @Nullable GuidanceRule guidance,
      @Nullable Schedule schedule,
      @Nullable Thresholds thresholds) {
    return new SamplingOptions(3, 4, null, sampler, null, guidance, schedule, thresholds);
  }

  private static JobSpec spec(
      String prompt,
      @Nullable String negative,
      Map<String, Integer> extents,
      Format format,
      @Nullable Integer enlarge) {
    return new JobSpec(
        JobSpec.VERSION,
        Kind.IMAGE,
        prompt,
        negative,
        "latents",
        SamplingOptions.seeded(3),
        extents,
        format,
        enlarge);
  }

  private static byte[] last(JobSpec spec) throws Exception {
    return artifacts.read(media(done(spec)).getLast().artifact().id());
  }

  private static List<String> sizes(List<Product> media) throws IOException {
    List<String> sizes = new ArrayList<>();
    for (Product product : media) {
      BufferedImage image =
          ImageIO.read(new ByteArrayInputStream(artifacts.read(product.artifact().id())));
      sizes.add(image.getWidth() + "x" + image.getHeight());
    }
    return sizes;
  }

  private static List<Product> media(List<List<Product>> products) {
    return products.stream()
        .flatMap(List::stream)
        .filter(product -> product.role() == Role.MEDIA)
        .toList();
  }

  private static List<List<Product>> done(JobSpec spec) throws Exception {
    return new WholeJob(generation, bundle()).products(spec);
  }

  private static List<Product> products(Outcome outcome) {
    return ((Outcome.Succeeded) outcome).products();
  }

  private static Plan plan(JobSpec spec) {
    return Plan.of(spec, bundle().card());
  }

  private static LoadedBundle bundle() {
    return Objects.requireNonNull(generation.bundles().get("latents"));
  }

  private static Task task(
      JobSpec spec, PlannedTask planned, List<Task.Input> inputs, List<Product> known) {
    return new Task(
        new Lease(new TaskId(planned.ordinal() + 1L), 1),
        JobId.parse("00000000-0000-0000-0000-000000000001"),
        spec,
        bundle().digest(),
        planned.ordinal(),
        planned.work(),
        inputs,
        known,
        List.of());
  }

  private static Attempt attempt(Task task) {
    return new Attempt(task, _ -> {}, _ -> {});
  }
}
