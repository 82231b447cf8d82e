package glimt.worker;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.job.Checkpoint;
import glimt.job.Format;
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
import glimt.media.Frames;
import glimt.media.Video;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.pipeline.LatentDecoder.SeenBelow;
import glimt.pipeline.Modality;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Makes clips with the default bundle {@code clips}: a picture, and its motion. */
class MovedClipTest {
  private static final JobSpec CLIP =
      new JobSpec(
          Kind.VIDEO,
          "a whale moves left over blue",
          "clips",
          new SamplingOptions(7, 4, null, null, null),
          Map.of(),
          Format.MP4);

  private static final int SIDE = 128;

  @TempDir static Path folder;
  private static ArtifactFolder artifacts;
  private static LoadedBundle bundle;
  private static Generation generation;

  @BeforeAll
  static void prepare() {
    Precision precision = Precision.ofThisProcessor();
    artifacts = new ArtifactFolder(folder.resolve("artifacts"));
    NetworkCache networks = new NetworkCache(Device.cpu(), precision, Long.MAX_VALUE);
    bundle = new LoadedBundle(Path.of("../models/clips"), networks);
    generation =
        new Generation(
            Map.of("clips", bundle),
            artifacts,
            Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
            NDManager.newBaseManager(Device.cpu(), "PyTorch"),
            NumericClass.of(Device.cpu(), precision),
            networks::weights);
  }

  @Test
  void a_picture_is_made_then_moved_by_windows_of_frames_and_both_can_be_played() throws Exception {
    Plan plan = Plan.of(CLIP, bundle.card());
    assertThat(plan.tasks().stream().filter(task -> task.work() instanceof Work.Decode))
        .as("the picture, and three windows of eight frames")
        .hasSize(4);
    Video video = new Video(Ffmpeg.unpackedIn(folder.resolve("ffmpeg")));
    List<Frames> files = new ArrayList<>();
    for (Product level : media(done())) {
      files.add(video.read(artifacts.path(level.artifact().id())));
    }
    assertThat(files).extracting(Frames::count).containsExactly(1, 24);
    assertThat(files).extracting(Frames::width).containsExactly(128, 128);
    assertThat(files).extracting(Frames::fps).containsExactly(0.5, 12.0);
  }

  @Test
  void going_on_from_a_draft_gives_the_bytes_of_the_clip_that_was_made_at_once() throws Exception {
    assertThat(GoneOn.from(new WholeJob(generation, bundle), CLIP))
        .as("one that encodes, one that samples, three that decode, one that assembles")
        .isEqualTo(6);
  }

  @Test
  void a_preview_of_a_motion_shows_the_picture_below() {
    float[] picture = new float[3 * SIDE * SIDE];
    for (int i = 0; i < picture.length; i++) {
      int row = i / SIDE % SIDE;
      picture[i] = i % SIDE > 40 && i % SIDE < 80 && row > 30 && row < 100 ? 1 : -1;
    }
    Level motion = bundle.card().levels().getLast();
    SeenBelow below = new SeenBelow(picture, new long[] {1, 3, SIDE, SIDE});
    SeenLatent seen =
        new SeenLatent(
            bundle, motion, below, new long[] {24, 4, 1, 1}, generation.manager(), SeenLatent.SLOW);
    Modality.Seen shown = seen.of(new float[24 * 4]);
    assertThat(shown.shape()).containsExactly(24, 3, SIDE, SIDE);
    float[] values = new float[shown.values().remaining()];
    shown.values().get(values);
    // A motion of zeros keeps the subject in the middle.
    assertThat(values[(SIDE / 2) * SIDE + 60]).isEqualTo(1, within(0.01f));
    assertThat(values[0]).isEqualTo(-1, within(0.01f));
  }

  @Test
  void a_motion_stopped_after_every_step_and_resumed_gives_the_bytes_of_an_undisturbed_one()
      throws Exception {
    List<List<Product>> products = done();
    PlannedTask motion =
        Plan.of(CLIP, bundle.card()).tasks().stream()
            .filter(
                task ->
                    task.work() instanceof Work.Sample sample && sample.level().equals("motion"))
            .findFirst()
            .orElseThrow();
    List<Checkpoint> saved = new ArrayList<>();
    for (int step = 1; step < motion.work().steps(); step++) {
      Task task = task(motion, products, saved.isEmpty() ? List.of() : List.of(saved.getLast()));
      Attempt leaving = new Attempt(task, _ -> {}, saved::add);
      leaving.leave();
      assertThatThrownBy(() -> generation.make(task, leaving))
          .isInstanceOf(InterruptedException.class);
    }
    Task last = task(motion, products, List.of(saved.getLast()));
    Outcome resumed = generation.make(last, new Attempt(last, _ -> {}, _ -> {}));
    assertThat(((Outcome.Succeeded) resumed).products()).isEqualTo(products.get(motion.ordinal()));
  }

  @Test
  void a_walk_that_ends_early_looks_like_the_whole_one_also_if_it_stopped_after_every_step()
      throws Exception {
    WholeJob job = new WholeJob(generation, bundle);
    JobSpec early = picture(SamplingOptions.seeded(1).endingEarly());
    List<List<Product>> products = new ArrayList<>();
    for (PlannedTask planned : Plan.of(early, bundle.card()).tasks()) {
      Task task = job.task(early, planned, products);
      Attempt undisturbed = new Attempt(task, _ -> {}, _ -> {});
      products.add(((Outcome.Succeeded) generation.make(task, undisturbed)).products());
      if (planned.work() instanceof Work.Sample walk) {
        int took = undisturbed.effort("", System.nanoTime()).steps();
        assertThat(took).isBetween(2, walk.steps() - 1);
        assertThat(stoppedOften(task, took)).isEqualTo(products.getLast());
      }
    }
    double stated = requireNonNull(bundle.card().levels().getFirst().earlyEnd()).decibels();
    List<List<Product>> whole = job.products(picture(SamplingOptions.seeded(1)));
    assertThat(decibels(sample(products), sample(whole)))
        .as("decibels to the whole walk's, of which %s are the median", stated)
        .isGreaterThan(stated - 6);
  }

  /** A job of the first level alone. */
  private static JobSpec picture(SamplingOptions options) {
    Map<String, Integer> extents = Map.of("frames", 1);
    return new JobSpec(Kind.VIDEO, CLIP.prompt(), CLIP.model(), options, extents, Format.MP4);
  }

  private static List<Product> stoppedOften(Task task, int steps) throws Exception {
    List<Checkpoint> saved = new ArrayList<>();
    for (int step = 1; step < steps; step++) {
      Task next = at(task, saved);
      Attempt leaving = new Attempt(next, _ -> {}, saved::add);
      leaving.leave();
      assertThatThrownBy(() -> generation.make(next, leaving))
          .isInstanceOf(InterruptedException.class);
    }
    Task last = at(task, saved);
    Attempt ending = new Attempt(last, _ -> {}, saved::add);
    ending.leave();
    return ((Outcome.Succeeded) generation.make(last, ending)).products();
  }

  private static Task at(Task task, List<Checkpoint> saved) {
    return new Task(
        task.lease(),
        task.job(),
        task.spec(),
        task.card(),
        task.ordinal(),
        task.work(),
        task.inputs(),
        List.of(),
        saved.isEmpty() ? List.of() : List.of(saved.getLast()));
  }

  private static float[] sample(List<List<Product>> products) {
    Product sample =
        products.getLast().stream()
            .filter(product -> product.role() == Role.SAMPLE)
            .findFirst()
            .orElseThrow();
    byte[] bytes = artifacts.read(sample.artifact().id());
    return Safetensors.parse("sample", bytes).get("sample").floats();
  }

  /** The peak signal-to-noise ratio of values from -1 to 1. */
  private static double decibels(float[] some, float[] others) {
    double squares = 0;
    for (int i = 0; i < some.length; i++) {
      squares += Math.pow(some[i] - others[i], 2);
    }
    return 10 * Math.log10(4 * some.length / squares);
  }

  /** Does every task of the job in the order of its plan, and returns their products. */
  private static List<List<Product>> done() throws Exception {
    List<List<Product>> products = new ArrayList<>();
    for (PlannedTask planned : Plan.of(CLIP, bundle.card()).tasks()) {
      Task task = task(planned, products, List.of());
      Outcome outcome = generation.make(task, new Attempt(task, _ -> {}, _ -> {}));
      products.add(((Outcome.Succeeded) outcome).products());
    }
    return products;
  }

  private static Task task(
      PlannedTask planned, List<List<Product>> products, List<Checkpoint> checkpoints) {
    List<Task.Input> inputs =
        planned.inputs().stream()
            .flatMap(
                input ->
                    products.get(input.task()).stream()
                        .filter(product -> product.role() != Role.MEDIA)
                        .map(product -> new Task.Input(input.port(), product.artifact().id())))
            .toList();
    return new Task(
        new Lease(new TaskId(planned.ordinal() + 1L), 1),
        JobId.parse("00000000-0000-0000-0000-000000000001"),
        CLIP,
        bundle.digest(),
        planned.ordinal(),
        planned.work(),
        inputs,
        List.of(),
        checkpoints);
  }

  private static List<Product> media(List<List<Product>> products) {
    return products.stream()
        .flatMap(List::stream)
        .filter(product -> product.role() == Role.MEDIA)
        .toList();
  }
}
