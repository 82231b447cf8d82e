package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobInput;
import glimt.job.JobSpec;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Plan.PlannedTask;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.Work;
import glimt.media.Ffmpeg;
import glimt.media.Picture;
import glimt.model.BundleCard;
import glimt.model.GuidanceRule;
import glimt.model.Kind;
import glimt.model.Sampling;
import glimt.model.Schedule;
import glimt.published.BundleImport;
import glimt.published.ImportOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs of a bundle that was imported from a published pipeline, as a worker makes them. */
class ImportedJobTest {
  /** A tiny Stable Diffusion of random weights, which is walked by PNDM. */
  private static final Path PUBLISHED =
      Path.of("../generation/src/test/resources/golden-models/stable-diffusion/sd1-pndm");

  private static final int STEPS = 4;

  private static final String PROMPT = "a photo of a cat riding a small red bicycle";

  @TempDir static Path folder;
  private static ArtifactFolder artifacts;
  private static WholeJob job;

  @BeforeAll
  static void prepare() {
    Path place;
    try (BundleImport imported =
        BundleImport.of(PUBLISHED, folder.resolve("models"), new ImportOptions("tiny", "", 0, 0))) {
      place = imported.install();
    }
    artifacts = new ArtifactFolder(folder.resolve("artifacts"));
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    LoadedBundle bundle = new LoadedBundle(place, networks);
    job =
        new WholeJob(
            new Generation(
                Map.of("tiny", bundle),
                artifacts,
                Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
                NDManager.newBaseManager(Device.cpu(), "PyTorch"),
                NumericClass.of(Device.cpu(), Precision.FLOAT32),
                networks::weights),
            bundle);
  }

  @Test
  void a_job_makes_the_picture_that_was_asked_for() throws Exception {
    byte[] square = picture(spec(null, null, null, Map.of()));
    assertThat(size(square)).as("the size of the U-Net").isEqualTo("64x64");
    assertThat(picture(spec(null, null, null, Map.of()))).isEqualTo(square);
    assertThat(size(picture(spec(null, null, null, Map.of("width", 96, "height", 32)))))
        .isEqualTo("96x32");
    assertThat(picture(spec("low quality, blurry", null, null, Map.of()))).isNotEqualTo(square);
  }

  @Test
  void a_size_that_the_decoder_cannot_take_is_refused_when_it_is_asked_for() {
    assertThatThrownBy(() -> Plan.of(spec(null, null, null, Map.of("width", 100)), card()))
        .isInstanceOf(InvalidSpec.class)
        .hasFieldOrPropertyWithValue("field", "width")
        .hasMessage("must be 8 to 4096 in steps of 8 for tiny, not 100; the nearest is 104");
    assertThatThrownBy(() -> Plan.of(spec(null, null, null, Map.of("height", 100_000)), card()))
        .isInstanceOf(InvalidSpec.class)
        .hasFieldOrPropertyWithValue("field", "height")
        .hasMessageContaining("the nearest is 4096");
  }

  private static BundleCard card() {
    return job.bundle().card();
  }

  @Test
  void a_prompt_that_is_cut_is_told_with_the_word_from_which_on() throws Exception {
    String tail = " zebra".repeat(80);
    JobSpec longer = spec(PROMPT + tail, PROMPT + " too" + tail);
    List<String> warnings = warnings(longer);
    assertThat(warnings)
        .containsExactly(
            "the prompt is longer than the 77 tokens that text_encoder reads: from \"zebra\" on,"
                + " its words have no effect there",
            "the negative prompt is longer than the 77 tokens that text_encoder reads: from"
                + " \"zebra\" on, its words have no effect there");
    assertThat(warnings(spec(PROMPT, "blurry"))).isEmpty();
    assertThat(warnings(spec(PROMPT + " " + "z".repeat(90), null)))
        .singleElement()
        .asString()
        .contains("from \"" + "z".repeat(40) + "…\" on");
  }

  private static JobSpec spec(String prompt, @Nullable String negative) {
    return new JobSpec(
        JobSpec.VERSION,
        Kind.IMAGE,
        prompt,
        negative,
        "tiny",
        new SamplingOptions(3, STEPS, null, null, null, null, null, null),
        Map.of(),
        Format.PNG,
        null);
  }

  /** What the encode tasks of a job warn of, made twice: the second result is known already. */
  private static List<String> warnings(JobSpec spec) throws Exception {
    List<String> warnings = new ArrayList<>();
    for (PlannedTask planned : Plan.of(spec, card()).tasks()) {
      if (planned.work() instanceof Work.Encode) {
        Task task = job.task(spec, planned, List.of());
        var first =
            (Outcome.Succeeded) job.generation().make(task, new Attempt(task, _ -> {}, _ -> {}));
        Task again =
            new Task(
                task.lease(),
                task.job(),
                task.spec(),
                task.card(),
                task.ordinal(),
                task.work(),
                task.inputs(),
                first.products(),
                List.of());
        assertThat(job.generation().make(again, new Attempt(again, _ -> {}, _ -> {})))
            .isEqualTo(first);
        warnings.addAll(first.warnings());
      }
    }
    return warnings;
  }

  @Test
  void guidance_of_1_or_less_is_none() throws Exception {
    byte[] plain = picture(spec(null, null, GuidanceRule.of(1), Map.of()));
    assertThat(picture(spec(null, null, GuidanceRule.of(0.5), Map.of()))).isEqualTo(plain);
    assertThat(picture(spec(null, null, GuidanceRule.of(3), Map.of()))).isNotEqualTo(plain);
  }

  @Test
  void another_sampler_or_schedule_can_be_asked_for() throws Exception {
    byte[] own = picture(spec(null, Sampling.PUBLISHED, null, Map.of()));
    byte[] other = picture(spec(null, "dpmpp_2m", null, Map.of()));
    assertThat(size(other)).isEqualTo("64x64");
    assertThat(other).isNotEqualTo(own);
    Schedule euler =
        new Schedule.Published(
            Map.of(
                "_class_name",
                "EulerDiscreteScheduler",
                "beta_schedule",
                "scaled_linear",
                "beta_start",
                0.00085,
                "beta_end",
                0.012));
    SamplingOptions options = new SamplingOptions(3, STEPS, null, null, null, null, euler, null);
    byte[] walked = picture(new JobSpec(Kind.IMAGE, PROMPT, "tiny", options, Map.of(), Format.PNG));
    assertThat(walked).isNotEqualTo(own).isNotEqualTo(other);
  }

  @Test
  void a_walk_that_is_resumed_after_every_step_ends_in_the_same_bytes() throws Exception {
    JobSpec spec = spec("low quality", null, null, Map.of());
    List<List<Product>> products = new ArrayList<>();
    for (PlannedTask planned : Plan.of(spec, job.bundle().card()).tasks()) {
      Task task = job.task(spec, planned, products);
      List<Product> made = products(task, new Attempt(task, _ -> {}, _ -> {}));
      if (planned.work() instanceof Work.Sample) {
        assertThat(stepByStep(task)).isEqualTo(made);
      }
      products.add(made);
    }
  }

  @Test
  void a_picture_that_is_given_is_changed_as_far_as_its_strength() throws Exception {
    byte[] given = picture(spec(null, null, null, Map.of("width", 96)));
    ArtifactId image = artifacts.put("image/png", given).id();
    byte[] near = picture(from(image, 0.3, 64));
    assertThat(size(near)).isEqualTo("64x64");
    assertThat(picture(from(image, 0.3, 64))).isEqualTo(near);
    byte[] far = picture(from(image, 1, 64));
    assertThat(distance(near, given)).isLessThan(distance(far, given));
    Plan plan = Plan.of(from(image, 0.3, 64), job.bundle().card());
    assertThat(plan.tasks().stream().map(PlannedTask::work).filter(Work.Sample.class::isInstance))
        .singleElement()
        .extracting(Work::steps)
        .isEqualTo(3);
    assertThatThrownBy(() -> Plan.of(from(image, 0.05, 64), job.bundle().card()))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("leaves none of 10 steps");
  }

  @Test
  void a_picture_that_the_filter_stops_ends_its_job_as_blocked_before_any_step() throws Exception {
    ArtifactId image = artifacts.put("image/png", Picture.plain(64, 64, 0x4080C0).png()).id();
    FilterGateTest.Strict strict = new FilterGateTest.Strict();
    Generation open = job.generation();
    Generation filtered =
        new Generation(
            open.bundles(),
            open.artifacts(),
            open.ffmpeg(),
            open.manager(),
            open.numericClass(),
            open.loaded(),
            open.signer(),
            strict);
    WholeJob whole = new WholeJob(filtered, job.bundle());
    JobSpec spec = from(image, 0.3, 64);
    List<List<Product>> products = new ArrayList<>();
    Outcome outcome = null;
    for (PlannedTask planned : Plan.of(spec, job.bundle().card()).tasks()) {
      Task task = whole.task(spec, planned, products);
      outcome = filtered.make(task, new Attempt(task, _ -> {}, _ -> {}));
      if (!(outcome instanceof Outcome.Succeeded done)) {
        assertThat(planned.work()).isInstanceOf(Work.Sample.class);
        break;
      }
      products.add(done.products());
    }
    assertThat(outcome)
        .isEqualTo(
            new Outcome.Blocked(
                FilterDecision.block(FilterStage.INPUT, "strict", "other", "nothing passes")));
    assertThat(strict.seen).singleElement().satisfies(it -> assertThat(it.width()).isEqualTo(64));
  }

  private static JobSpec from(ArtifactId image, double strength, int side) {
    return new JobSpec(
        JobSpec.VERSION,
        Kind.IMAGE,
        PROMPT,
        null,
        "tiny",
        new SamplingOptions(3, 10, null, "ddim", null, null, null, null),
        Map.of("width", side, "height", side),
        Format.PNG,
        null,
        JobInput.changed(image, strength));
  }

  /** The mean square difference to the middle of the given picture. */
  private static double distance(byte[] made, byte[] given) {
    byte[] a = Picture.read(made).rgb();
    byte[] b = Picture.read(given).cut(1, 1).rgb();
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = (a[i] & 255) - (b[i] & 255);
      sum += difference * difference;
    }
    return sum / a.length;
  }

  /** Each attempt is told to leave, so that it does one step and saves a checkpoint. */
  private static List<Product> stepByStep(Task task) throws Exception {
    Task here = task;
    for (int step = 1; step < STEPS; step++) {
      List<Checkpoint> saved = new ArrayList<>();
      Attempt leaving = new Attempt(here, _ -> {}, saved::add);
      leaving.leave();
      assertThatThrownBy(() -> job.generation().make(leaving.task(), leaving))
          .isInstanceOf(InterruptedException.class);
      assertThat(saved).extracting(Checkpoint::step).containsExactly(step);
      here = with(task, saved);
    }
    return products(here, new Attempt(here, _ -> {}, _ -> {}));
  }

  private static List<Product> products(Task task, Attempt attempt) throws Exception {
    return ((Outcome.Succeeded) job.generation().make(task, attempt)).products();
  }

  private static Task with(Task task, List<Checkpoint> checkpoints) {
    return new Task(
        task.lease(),
        task.job(),
        task.spec(),
        task.card(),
        task.ordinal(),
        task.work(),
        task.inputs(),
        task.known(),
        checkpoints);
  }

  private static JobSpec spec(
      @Nullable String negative,
      @Nullable String sampler,
      @Nullable GuidanceRule guidance,
      Map<String, Integer> extents) {
    return new JobSpec(
        JobSpec.VERSION,
        Kind.IMAGE,
        PROMPT,
        negative,
        "tiny",
        new SamplingOptions(3, STEPS, null, sampler, null, guidance, null, null),
        extents,
        Format.PNG,
        null);
  }

  private static byte[] picture(JobSpec spec) throws Exception {
    return artifacts.read(
        job.products(spec).stream()
            .flatMap(List::stream)
            .filter(product -> product.role() == Role.MEDIA)
            .reduce((_, later) -> later)
            .orElseThrow()
            .artifact()
            .id());
  }

  private static String size(byte[] png) throws IOException {
    var image = ImageIO.read(new ByteArrayInputStream(png));
    return image.getWidth() + "x" + image.getHeight();
  }
}
