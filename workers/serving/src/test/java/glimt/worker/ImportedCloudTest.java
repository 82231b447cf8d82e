package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.BundleException;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.Previewed;
import glimt.job.Checkpoint;
import glimt.job.Format;
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
import glimt.model.Kind;
import glimt.model.Level;
import glimt.published.BundleImport;
import glimt.published.ImportOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs of a bundle that was imported from Point-E's files, as a worker makes them. */
class ImportedCloudTest {
  /** A tiny Point-E, whose pickles make 48 points of a text and 72 more. */
  private static final Path PUBLISHED =
      Path.of("../generation/src/test/resources/golden-models/point-e/textvec");

  private static final int STEPS = 3;
  private static final int BASE = 48;
  private static final int ALL = 120;
  private static final int CHANNELS = 6;

  @TempDir static Path folder;
  private static ArtifactFolder artifacts;
  private static Path place;
  private static WholeJob job;

  @BeforeAll
  static void prepare() {
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
  void the_pickles_are_converted_once_and_the_card_says_what_the_sampler_does() {
    assertThat(place.resolve("base.safetensors")).isRegularFile();
    assertThat(place.resolve("upsampler.safetensors")).isRegularFile();
    List<Level> levels = job.bundle().card().levels();
    assertThat(levels).extracting(Level::extents).containsExactly(List.of(BASE), List.of(ALL));
    assertThat(levels).extracting(level -> level.sampling().guided()).containsExactly(true, false);
    assertThat(levels.getLast().keepsBelow()).isTrue();
  }

  @Test
  void a_job_makes_the_points_of_its_text_and_adds_others_to_them() throws Exception {
    List<List<Product>> made = job.products(spec("a red motorcycle", Format.PLY));
    List<float[]> samples = samples(made);
    float[] base = samples.getFirst();
    float[] all = samples.getLast();
    assertThat(base).hasSize(BASE * CHANNELS);
    assertThat(all).hasSize(ALL * CHANNELS);
    assertThat(Arrays.copyOf(all, base.length)).isEqualTo(base);
    String ply = new String(media(made), StandardCharsets.ISO_8859_1);
    assertThat(ply).contains("element vertex " + ALL, "property uchar red");

    List<List<Product>> other = job.products(spec("a green chair", Format.PLY));
    assertThat(samples(other).getFirst()).isNotEqualTo(base);
    byte[] glb = media(job.products(spec("a red motorcycle", Format.GLB)));
    assertThat(new String(glb, 0, 4, StandardCharsets.ISO_8859_1)).isEqualTo("glTF");
  }

  @Test
  void both_walks_are_watched_and_end_in_the_same_bytes_when_resumed_after_every_step()
      throws Exception {
    JobSpec spec = spec("a red motorcycle", Format.GLB);
    List<List<Product>> products = new ArrayList<>();
    int walks = 0;
    for (PlannedTask planned : Plan.of(spec, job.bundle().card()).tasks()) {
      Task task = job.task(spec, planned, products);
      List<Live> seen = new ArrayList<>();
      Attempt watched = new Attempt(task, seen::add, _ -> {});
      watched.watched(Long.MAX_VALUE);
      List<Product> made = products(watched);
      if (planned.work() instanceof Work.Sample sample) {
        walks++;
        assertThat(seen).anyMatch(Previewed.class::isInstance);
        assertThat(stepByStep(task, sample.sampling().steps())).isEqualTo(made);
      }
      products.add(made);
    }
    assertThat(walks).isEqualTo(2);
  }

  @Test
  void what_a_job_cannot_give_is_told() throws Exception {
    refused("upsample_40m.pt", "base_40m.pt", "jobs give texts");
    refused("clip", "", "needs CLIP's text encoder beside it");
  }

  /** Imports a copy without a file or folder, or under another name. */
  private static void refused(String left, String renamed, String told) throws Exception {
    Path copy = Files.createTempDirectory(folder, "published");
    try (Stream<Path> files = Files.walk(PUBLISHED)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path name = PUBLISHED.relativize(file);
        if (!name.startsWith(left)) {
          Path to = copy.resolve(name);
          Files.createDirectories(to.getParent());
          Files.copy(file, to);
        }
      }
    }
    if (!renamed.isEmpty()) {
      // The upsampler sees CLIP's grid, as those networks do that make points of an image.
      Files.delete(copy.resolve("base_40m_textvec.pt"));
      Files.copy(PUBLISHED.resolve(left), copy.resolve(left));
      Files.copy(PUBLISHED.resolve(left), copy.resolve(renamed));
    }
    assertThatThrownBy(
            () ->
                BundleImport.of(copy, folder.resolve("others"), ImportOptions.asPublished())
                    .close())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(told);
  }

  /** Each attempt is told to leave, so that it does one step and saves a checkpoint. */
  private static List<Product> stepByStep(Task task, int steps) throws Exception {
    Task here = task;
    for (int step = 1; step < steps; step++) {
      List<Checkpoint> saved = new ArrayList<>();
      Attempt leaving = new Attempt(here, _ -> {}, saved::add);
      leaving.leave();
      assertThatThrownBy(() -> job.generation().make(leaving.task(), leaving))
          .isInstanceOf(InterruptedException.class);
      assertThat(saved).extracting(Checkpoint::step).containsExactly(step);
      here =
          new Task(
              task.lease(),
              task.job(),
              task.spec(),
              task.card(),
              task.ordinal(),
              task.work(),
              task.inputs(),
              task.known(),
              saved);
    }
    return products(new Attempt(here, _ -> {}, _ -> {}));
  }

  private static List<Product> products(Attempt attempt) throws Exception {
    return ((Outcome.Succeeded) job.generation().make(attempt.task(), attempt)).products();
  }

  private static JobSpec spec(String prompt, Format format) {
    SamplingOptions options = new SamplingOptions(3, STEPS, null, null, null);
    return new JobSpec(Kind.POINTS, prompt, "tiny", options, Map.of(), format);
  }

  /** The whole samples of both levels. */
  private static List<float[]> samples(List<List<Product>> made) {
    return made.stream()
        .filter(products -> products.size() == 2) // of an assemble task: the sample and its file
        .map(products -> artifacts.read(products.getFirst().artifact().id()))
        .map(bytes -> Safetensors.parse("sample", bytes).tensors().values().iterator().next())
        .map(Safetensors.Tensor::floats)
        .toList();
  }

  private static byte[] media(List<List<Product>> made) {
    return artifacts.read(
        made.stream()
            .flatMap(List::stream)
            .filter(product -> product.role() == Role.MEDIA)
            .reduce((_, later) -> later)
            .orElseThrow()
            .artifact()
            .id());
  }
}
