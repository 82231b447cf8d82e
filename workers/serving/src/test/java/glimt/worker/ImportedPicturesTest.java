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
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.media.Ffmpeg;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.published.BundleImport;
import glimt.published.ImportOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs of imported models of pictures: without a prompt, of classes, and of two stages. */
class ImportedPicturesTest {
  private static final Path PUBLISHED = Path.of("../generation/src/test/resources/golden-models");
  private static final String NAME = "tiny";

  @TempDir private Path folder;

  @Test
  void a_model_without_a_prompt_makes_the_same_whatever_it_is_told() throws Exception {
    WholeJob job = imported(copy("ddpm/cat-256-old-names"));
    byte[] picture = picture(job, "anything", Map.of());
    assertThat(size(picture)).isEqualTo("16x16");
    assertThat(picture(job, "a cat", Map.of())).isEqualTo(picture);
    assertThat(size(picture(job, "anything", Map.of("width", 32)))).isEqualTo("32x16");
    assertThat(Plan.of(spec("a cat", Map.of()), job.bundle().card()).warnings().getFirst())
        .contains("reads no prompt");
  }

  @Test
  void a_class_is_asked_for_by_its_name_or_its_number() throws Exception {
    Path published = copy("dit/xl-2-256");
    edit(
        published.resolve("model_index.json"),
        "{",
        "{\"id2label\": {\"0\": \"tench, Tinca tinca\", \"4\": \"hammerhead\"},");
    WholeJob job = imported(published);
    byte[] fish = picture(job, "tinca tinca", Map.of());
    assertThat(picture(job, "0", Map.of())).isEqualTo(fish);
    assertThat(picture(job, "hammerhead", Map.of())).isNotEqualTo(fish);
    assertThat(Plan.of(spec("a dog", Map.of()), job.bundle().card()).warnings().getFirst())
        .contains("none of the model's classes");
    edit(published.resolve("model_index.json"), "\"4\"", "\"1000\"");
    assertThatThrownBy(() -> imported(published))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("the classes are 0 to 999");
  }

  @Test
  void two_stages_are_one_cascade_and_each_reads_the_prompt() throws Exception {
    Path published = copy("deepfloyd-if/two-stages");
    Path small = published.resolve("stage1");
    Path large = published.resolve("stage2");
    edit(large.resolve("unet/config.json"), "\"sample_size\": 16", "\"sample_size\": 32");
    WholeJob job = imported(small, large);
    byte[] corgi = picture(job, "a corgi wearing a red cape", Map.of());
    assertThat(size(corgi)).isEqualTo("32x32");
    assertThat(picture(job, "A CORGI wearing a red cape", Map.of())).isEqualTo(corgi);
    assertThat(picture(job, "a bus", Map.of())).isNotEqualTo(corgi);
    assertThat(size(picture(job, "a bus", Map.of("height", 64)))).isEqualTo("32x64");
    assertThatThrownBy(() -> imported(large)).hasMessageContaining("give the folder of that first");
    assertThatThrownBy(() -> imported(small, small))
        .hasMessageContaining("stands an IFSuperResolutionPipeline, not a IFPipeline");
    assertThatThrownBy(() -> imported(copy("ddpm/cat-256-old-names"), large))
        .hasMessageContaining("a DDPMPipeline has no stages above it");
  }

  @Test
  void a_job_chooses_how_much_noise_the_second_stage_adds() throws Exception {
    Path published = copy("deepfloyd-if/two-stages");
    Path large = published.resolve("stage2");
    edit(large.resolve("unet/config.json"), "\"sample_size\": 16", "\"sample_size\": 32");
    WholeJob job = imported(published.resolve("stage1"), large);
    byte[] usual = picture(job, noised(null, Map.of()));
    assertThat(picture(job, noised(250, Map.of()))).as("the published default").isEqualTo(usual);
    assertThat(picture(job, noised(0, Map.of()))).isNotEqualTo(usual);
    assertThat(picture(job, noised(999, Map.of()))).isNotEqualTo(usual);
    assertThatThrownBy(() -> noised(1000, Map.of()))
        .isInstanceOf(InvalidSpec.class)
        .hasFieldOrPropertyWithValue("field", "noise_level")
        .hasMessage("must be 0 to 999, not 1000");
    BundleCard card = job.bundle().card();
    BundleCard base = card.with(List.of(card.levels().getFirst()));
    assertThatThrownBy(() -> Plan.of(noised(250, Map.of()), base))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("none of whose levels can be told the noise");
  }

  private static JobSpec noised(@Nullable Integer noiseLevel, Map<String, Integer> extents) {
    return new JobSpec(
        JobSpec.VERSION,
        Kind.IMAGE,
        "a corgi",
        null,
        NAME,
        new SamplingOptions(3, 2, null, null, null),
        extents,
        Format.PNG,
        null,
        null,
        null,
        noiseLevel,
        null);
  }

  private Path copy(String name) throws IOException {
    Path from = PUBLISHED.resolve(name);
    Path to = folder.resolve("published").resolve(name);
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
    return to;
  }

  private static void edit(Path file, String old, String other) throws IOException {
    String text = Files.readString(file);
    assertThat(text).contains(old);
    int at = text.indexOf(old);
    Files.writeString(file, text.substring(0, at) + other + text.substring(at + old.length()));
  }

  private WholeJob imported(Path... stages) {
    Path place;
    try (BundleImport imported =
        BundleImport.of(
            List.of(stages), folder.resolve("models"), new ImportOptions(NAME, "", 0, 0))) {
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

  private static JobSpec spec(String prompt, Map<String, Integer> extents) {
    SamplingOptions options = new SamplingOptions(3, 2, null, null, null, null, null, null);
    return new JobSpec(Kind.IMAGE, prompt, NAME, options, extents, Format.PNG);
  }

  private byte[] picture(WholeJob job, String prompt, Map<String, Integer> extents)
      throws Exception {
    return picture(job, spec(prompt, extents));
  }

  private byte[] picture(WholeJob job, JobSpec spec) throws Exception {
    return artifacts()
        .read(
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
