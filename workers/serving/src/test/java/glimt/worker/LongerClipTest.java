package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.job.Format;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.published.BundleImport;
import glimt.published.ImportLevels;
import glimt.published.ImportLevels.LevelSource;
import glimt.published.ImportLevels.PixelSize;
import glimt.published.ImportOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs of LTX-Video whose second level has twice the frames. */
class LongerClipTest {
  private static final Path LTX =
      Path.of("../generation/src/test/resources/golden-models/ltx-video/0.9.7-distilled-two-stage");
  private static final String NAME = "tiny";
  private static final int WIDTH = 32;

  @TempDir private Path folder;

  @Test
  void latents_of_twice_the_frames_are_made_between_those_of_the_level_below() throws Exception {
    LevelSource second = LevelSource.parse(temporal() + ":0.999@1000,725,0");
    WholeJob job =
        imported(
            new ImportLevels(
                new PixelSize(32, 32, 9), 1.0, List.of(1000.0, 0.03), List.of(second)));
    BundleCard card = job.bundle().card();
    assertThat(card.levels())
        .extracting(Level::seen)
        .containsExactly(List.of(9, 32, 32), List.of(17, 32, 32));
    assertThat(card.fps()).isEqualTo(50);
    assertThat(places(card.levels().get(1)).at(0, 4))
        .as("the second at which the last latent frame begins")
        .isCloseTo((4 * 8 - 7) / 50.0, within(1e-9));
    assertThat(places(card.levels().get(0)).at(0, 2)).isCloseTo(9 / 25.0, within(1e-9));
    assertThat(Plan.of(spec(Map.of("frames", 33)), card).levels())
        .extracting(Level::seen)
        .containsExactly(List.of(17, 32, 32), List.of(33, 32, 32));
    List<byte[]> clips = files(job.products(spec(Map.of())));
    assertThat(frames(clips.get(0))).isEqualTo(9);
    assertThat(frames(clips.get(1))).isEqualTo(17);
  }

  private static Port.Places places(Level level) {
    return level.ports().stream()
        .map(Port::places)
        .filter(Objects::nonNull)
        .findFirst()
        .orElseThrow();
  }

  /** The published upsampler with a convolution that makes two frames of one. */
  private Path temporal() throws IOException {
    Path to = folder.resolve("temporal");
    try (Stream<Path> files = Files.walk(LTX)) {
      for (Path file : files.toList()) {
        Path copied = to.resolve(LTX.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copied);
        } else {
          Files.copy(file, copied);
        }
      }
    }
    Path config = to.resolve("latent_upsampler/config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"spatial_upsample\": true", "\"spatial_upsample\": false")
            .replace("\"temporal_upsample\": false", "\"temporal_upsample\": true"));
    Path weights = to.resolve("latent_upsampler/diffusion_pytorch_model.safetensors");
    Map<String, Tensor> tensors = new HashMap<>(Safetensors.read(weights).tensors());
    Random random = new Random(2);
    tensors.put("upsampler.0.weight", values(random, 2 * WIDTH, WIDTH, 3, 3, 3));
    tensors.put("upsampler.0.bias", values(random, 2 * WIDTH));
    Files.delete(weights);
    new Safetensors(tensors).write(weights);
    return to;
  }

  private static Tensor values(Random random, long... shape) {
    int size = 1;
    for (long extent : shape) {
      size *= (int) extent;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (0.1 * random.nextGaussian());
    }
    return Tensor.of(values, shape);
  }

  private int frames(byte[] gif) throws Exception {
    Path file = Files.write(folder.resolve("clip.gif"), gif);
    return new Excerpt(ffmpeg()).read(file).count();
  }

  private static JobSpec spec(Map<String, Integer> extents) {
    SamplingOptions usual = new SamplingOptions(3, null, null, null, null);
    return new JobSpec(Kind.VIDEO, "a dog", NAME, usual, extents, Format.GIF);
  }

  private WholeJob imported(ImportLevels levels) {
    Path place;
    try (BundleImport imported =
        BundleImport.of(
            List.of(LTX), levels, folder.resolve("models"), new ImportOptions(NAME, "", 0, 0))) {
      place = imported.install();
    }
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    LoadedBundle bundle = new LoadedBundle(place, networks);
    return new WholeJob(
        new Generation(
            Map.of(NAME, bundle),
            artifacts(),
            ffmpeg(),
            NDManager.newBaseManager(Device.cpu(), "PyTorch"),
            NumericClass.of(Device.cpu(), Precision.FLOAT32),
            networks::weights),
        bundle);
  }

  private List<byte[]> files(List<List<Product>> products) {
    List<byte[]> files = new ArrayList<>();
    products.forEach(
        made ->
            made.stream()
                .filter(product -> product.role() == Role.MEDIA)
                .forEach(product -> files.add(artifacts().read(product.artifact().id()))));
    return files;
  }

  private Ffmpeg ffmpeg() {
    return Ffmpeg.unpackedIn(folder.resolve("ffmpeg"));
  }

  private ArtifactFolder artifacts() {
    return new ArtifactFolder(folder.resolve("artifacts"));
  }
}
