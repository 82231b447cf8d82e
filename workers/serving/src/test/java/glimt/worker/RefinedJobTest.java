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
import glimt.model.BundleCard;
import glimt.model.Expert;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.published.BundleImport;
import glimt.published.ImportLevels;
import glimt.published.ImportLevels.LevelSource;
import glimt.published.ImportLevels.PixelSize;
import glimt.published.ImportOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs of bundles whose second level refines what the first made. */
class RefinedJobTest {
  private static final Path PUBLISHED = Path.of("../generation/src/test/resources/golden-models");
  private static final Path PICTURES = PUBLISHED.resolve("stable-diffusion/sd1-pndm");
  private static final Path XL = PUBLISHED.resolve("stable-diffusion-xl/base-euler");
  private static final Path REFINER = PUBLISHED.resolve("stable-diffusion-xl/refiner-euler");
  private static final Path CLIPS = PUBLISHED.resolve("text-to-video-sd/modelscope-ddim");
  private static final Path WAN = PUBLISHED.resolve("wan/2.1-t2v-unipc");
  private static final Path LTX = PUBLISHED.resolve("ltx-video/0.9.7-distilled-two-stage");
  private static final String NAME = "tiny";

  @TempDir private Path folder;

  @Test
  void a_picture_is_refined_in_tiles_and_every_level_can_be_looked_at() throws Exception {
    WholeJob job =
        imported(
            PICTURES, new ImportLevels(null, List.of(level(PICTURES, 0.05, "128x96", "64x64"))));
    BundleCard card = job.bundle().card();
    assertThat(card.levels()).extracting(Level::name).containsExactly("base", "refined");
    assertThat(card.levels().get(1).network()).as("the weights are the same").isEqualTo("unet");
    assertThat(card.encoders()).as("the text is read once").hasSize(1);
    JobSpec spec = spec(Kind.IMAGE, Format.PNG, 4, Map.of());
    List<List<Product>> products = job.products(spec);
    List<byte[]> pictures = files(products);
    assertThat(pictures.stream().map(RefinedJobTest::size)).containsExactly("64x64", "128x96");
    assertThat(files(job.products(spec)).getLast()).isEqualTo(pictures.getLast());
    List<Work.Sample> walks = walks(Plan.of(spec, card));
    assertThat(walks).hasSize(1 + 3 * 2);
    assertThat(walks.getLast().steps()).as("a twentieth of 50 steps").isEqualTo(2);
    assertThat(
            size(
                files(job.products(spec(Kind.IMAGE, Format.PNG, 4, Map.of("width", 64))))
                    .getLast()))
        .as("another width, and the usual height")
        .isEqualTo("64x96");
  }

  @Test
  void a_walk_from_a_draft_that_is_resumed_ends_in_the_same_bytes() throws Exception {
    WholeJob job =
        imported(PICTURES, new ImportLevels(null, List.of(level(PICTURES, 0.06, "96x96", null))));
    JobSpec spec = spec(Kind.IMAGE, Format.PNG, 2, Map.of());
    List<List<Product>> products = new ArrayList<>();
    for (PlannedTask planned : Plan.of(spec, job.bundle().card()).tasks()) {
      Task task = job.task(spec, planned, products);
      List<Product> made = made(job, task, new Attempt(task, _ -> {}, _ -> {}));
      if (planned.work() instanceof Work.Sample sample && sample.strength() != null) {
        List<Checkpoint> saved = new ArrayList<>();
        Attempt leaving = new Attempt(task, _ -> {}, saved::add);
        leaving.leave();
        assertThatThrownBy(() -> made(job, task, leaving)).isInstanceOf(InterruptedException.class);
        assertThat(saved).extracting(Checkpoint::step).containsExactly(1);
        Task again =
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
        assertThat(made(job, again, new Attempt(again, _ -> {}, _ -> {}))).isEqualTo(made);
      }
      products.add(made);
    }
  }

  @Test
  void a_refiner_that_is_told_a_score_refines_its_base_and_shares_what_is_the_same()
      throws Exception {
    WholeJob job = imported(XL, above(level(REFINER, 0.5, null, null)));
    BundleCard card = job.bundle().card();
    assertThat(card.encoders()).as("the second encoder is the refiner's too").hasSize(2);
    Level refined = card.levels().getLast();
    assertThat(refined.network()).isEqualTo("refined_unet");
    assertThat(refined.codec()).isEqualTo(card.levels().getFirst().codec());
    assertThat(refined.ports()).contains(Port.scoredSizes("time_ids"));
    JobSpec spec = spec(Kind.IMAGE, Format.PNG, 2, Map.of());
    List<byte[]> pictures = files(job.products(spec));
    assertThat(pictures.stream().map(RefinedJobTest::size)).containsExactly("64x64", "64x64");
    assertThat(pictures.getLast()).isNotEqualTo(pictures.getFirst());
    assertThat(files(job.products(spec)).getLast()).isEqualTo(pictures.getLast());
  }

  @Test
  void a_refiner_that_is_told_other_numbers_than_it_reads_is_refused() throws Exception {
    Path published = folder.resolve("refiner");
    copy(REFINER, published);
    Path index = published.resolve("model_index.json");
    String text = Files.readString(index);
    Files.writeString(
        index,
        text.replace(
            "\"requires_aesthetics_score\": true", "\"requires_aesthetics_score\": false"));
    assertThatThrownBy(() -> imported(published, ImportLevels.NONE))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("projection_class_embeddings_input_dim")
        .hasMessageContaining("requires_aesthetics_score");
  }

  @Test
  void a_clip_is_refined_by_another_model() throws Exception {
    WholeJob job =
        imported(
            CLIPS,
            new ImportLevels(
                new PixelSize(64, 32, 3), List.of(level(CLIPS, 0.04, "128x64", null))));
    List<byte[]> clips = files(job.products(spec(Kind.VIDEO, Format.GIF, 2, Map.of())));
    assertThat(clips.stream().map(RefinedJobTest::size)).containsExactly("64x32", "128x64");
    JobSpec longer = spec(Kind.VIDEO, Format.GIF, 2, Map.of("frames", 5, "width", 96));
    assertThat(Plan.of(longer, job.bundle().card()).levels())
        .extracting(Level::seen)
        .containsExactly(List.of(5, 32, 48), List.of(5, 64, 96));
  }

  @Test
  void a_causal_clip_is_refined_in_windows_of_time_and_tiles() throws Exception {
    WholeJob job =
        imported(
            WAN,
            new ImportLevels(
                new PixelSize(32, 16, 9), List.of(level(WAN, 0.04, "64x32", "32x32x5"))));
    JobSpec spec = spec(Kind.VIDEO, Format.GIF, 2, Map.of());
    assertThat(walks(Plan.of(spec, job.bundle().card())).stream().map(Work.Sample::level))
        .containsExactly("base", "refined", "refined", "refined", "refined", "refined", "refined");
    List<byte[]> clips = files(job.products(spec));
    assertThat(clips.stream().map(RefinedJobTest::size)).containsExactly("32x16", "64x32");
  }

  @Test
  void latents_are_enlarged_by_a_network_and_refined() throws Exception {
    LevelSource second = LevelSource.parse(LTX + ":0.999@1000,909,725,421,0");
    ImportLevels levels =
        new ImportLevels(
            new PixelSize(32, 32, 9), 1.0, List.of(1000.0, 909.0, 0.03), List.of(second));
    WholeJob job = imported(LTX, levels);
    SamplingOptions usual = new SamplingOptions(3, null, null, null, null);
    JobSpec spec = new JobSpec(Kind.VIDEO, "a dog", NAME, usual, Map.of(), Format.GIF);
    Plan plan = Plan.of(spec, job.bundle().card());
    assertThat(walks(plan).stream().map(Work.Sample::steps)).containsExactly(3, 3);
    List<byte[]> clips = files(job.products(spec));
    assertThat(clips.stream().map(RefinedJobTest::size)).containsExactly("32x32", "64x64");
    assertThat(files(job.products(spec)).getLast()).isEqualTo(clips.getLast());
    GoneOn.from(job, spec);
    assertThatThrownBy(
            () -> Plan.of(spec(Kind.VIDEO, Format.GIF, 7, Map.of()), job.bundle().card()))
        .hasMessageContaining("3 listed timesteps make as many steps, not 7");
    assertThatThrownBy(() -> imported(WAN, above(second)))
        .hasMessageContaining("it enlarges latents of LTX-Video, not of a WanPipeline");
  }

  @Test
  void a_model_of_two_experts_walks_with_both() throws Exception {
    Path published = folder.resolve("wan-2.2");
    copy(WAN, published);
    copy(WAN.resolve("transformer"), published.resolve("transformer_2"));
    Path index = published.resolve("model_index.json");
    String text = Files.readString(index).replaceAll("\\s+", " ");
    Files.writeString(index, text.replace("\"boundary_ratio\": null", "\"boundary_ratio\": 0.875"));
    assertThatThrownBy(() -> imported(published, ImportLevels.NONE))
        .hasMessageContaining("it goes with a transformer_2, and needs one");
    Files.writeString(
        index,
        Files.readString(index)
            .replaceAll(
                "\"transformer_2\": \\[ ?null, ?null ?\\]",
                "\"transformer_2\": [\"diffusers\", \"WanTransformer3DModel\"]"));
    PixelSize size = new PixelSize(32, 16, 5);
    WholeJob two = imported(published, new ImportLevels(size, List.of()));
    assertThat(two.bundle().card().levels().getFirst().expert())
        .isEqualTo(new Expert("transformer_2", 875, 3.0));
    // The experts are the same here, so only the weights of guidance differ: a job's is for both.
    SamplingOptions four = new SamplingOptions(3, 4, 4.5, null, null);
    JobSpec spec = new JobSpec(Kind.VIDEO, "a dog", NAME, four, Map.of(), Format.GIF);
    byte[] clip = files(two.products(spec)).getLast();
    SamplingOptions usual = new SamplingOptions(3, 4, null, null, null);
    byte[] other =
        files(two.products(new JobSpec(Kind.VIDEO, "a dog", NAME, usual, Map.of(), Format.GIF)))
            .getLast();
    assertThat(other).isNotEqualTo(clip);
    remove(folder.resolve("models"));
    WholeJob one = imported(WAN, new ImportLevels(size, List.of()));
    assertThat(files(one.products(spec)).getLast()).isEqualTo(clip);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path copied = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copied);
        } else {
          Files.copy(file, copied);
        }
      }
    }
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void what_cannot_refine_is_refused_by_name() {
    assertThatThrownBy(() -> imported(PICTURES, above(level(CLIPS, 0.5, null, null))))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("modelscope-ddim: it makes VIDEO in 1 levels, so it cannot refine");
    assertThatThrownBy(
            () ->
                imported(
                    PICTURES, above(level(PUBLISHED.resolve("dit/xl-2-256"), 0.5, null, null))))
        .hasMessageContaining("a DiTPipeline of diffusers cannot begin with what is there");
    assertThatThrownBy(() -> imported(PICTURES, above(level(PICTURES, 0.5, "100x100", null))))
        .hasMessageContaining("cannot make [100, 100]");
    assertThatThrownBy(() -> LevelSource.parse("sd:0"))
        .hasMessageContaining("strength is above 0 and up to 1");
    assertThatThrownBy(() -> PixelSize.parse("100")).hasMessageContaining("a size is WIDTHxHEIGHT");
    assertThat(LevelSource.parse("a:b:0.4:96x64/48x32x5"))
        .isEqualTo(
            new LevelSource(
                Path.of("a:b"), 0.4, new PixelSize(96, 64, null), new PixelSize(48, 32, 5)));
    assertThat(LevelSource.parse("a")).isEqualTo(new LevelSource(Path.of("a"), null, null, null));
  }

  private static ImportLevels above(LevelSource level) {
    return new ImportLevels(null, List.of(level));
  }

  private static LevelSource level(
      Path source, double strength, @Nullable String size, @Nullable String tile) {
    return new LevelSource(
        source,
        strength,
        size == null ? null : PixelSize.parse(size),
        tile == null ? null : PixelSize.parse(tile));
  }

  private WholeJob imported(Path published, ImportLevels levels) {
    Path place;
    try (BundleImport imported =
        BundleImport.of(
            List.of(published),
            levels,
            folder.resolve("models"),
            new ImportOptions(NAME, "", 0, 0))) {
      place = imported.install();
    }
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    LoadedBundle bundle = new LoadedBundle(place, networks);
    return new WholeJob(
        new Generation(
            Map.of(NAME, bundle),
            artifacts(),
            Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
            NDManager.newBaseManager(Device.cpu(), "PyTorch"),
            NumericClass.of(Device.cpu(), Precision.FLOAT32),
            networks::weights),
        bundle);
  }

  private ArtifactFolder artifacts() {
    return new ArtifactFolder(folder.resolve("artifacts"));
  }

  private static JobSpec spec(Kind kind, Format format, int steps, Map<String, Integer> extents) {
    SamplingOptions options = new SamplingOptions(3, steps, null, null, null, null, null, null);
    return new JobSpec(kind, "a red bicycle", NAME, options, extents, format);
  }

  private static List<Work.Sample> walks(Plan plan) {
    return plan.tasks().stream()
        .map(PlannedTask::work)
        .filter(Work.Sample.class::isInstance)
        .map(Work.Sample.class::cast)
        .toList();
  }

  private static List<Product> made(WholeJob job, Task task, Attempt attempt) throws Exception {
    return ((Outcome.Succeeded) job.generation().make(task, attempt)).products();
  }

  private List<byte[]> files(List<List<Product>> products) {
    return products.stream()
        .flatMap(List::stream)
        .filter(product -> product.role() == Role.MEDIA)
        .map(product -> artifacts().read(product.artifact().id()))
        .toList();
  }

  private static String size(byte[] file) {
    try {
      var image = ImageIO.read(new ByteArrayInputStream(file));
      return image.getWidth() + "x" + image.getHeight();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
