package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.NetworkSource;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import glimt.job.ArtifactId;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobInput;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.job.Work;
import glimt.json.Json;
import glimt.media.Ffmpeg;
import glimt.media.Picture;
import glimt.media.Resize;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.published.Architectures;
import glimt.published.BundleImport;
import glimt.published.ImportLevels;
import glimt.published.ImportLevels.LevelSource;
import glimt.published.ImportLevels.PixelSize;
import glimt.published.ImportOptions;
import glimt.published.PublishedConfig;
import glimt.published.PublishedNetwork;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs of Stable Diffusion's upscaler, of a given picture and of what a level below made. */
class UpscaledPictureTest {
  private static final Path PUBLISHED = Path.of("../generation/src/test/resources/golden-models");
  private static final Path PICTURES = PUBLISHED.resolve("stable-diffusion/sd1-pndm");
  private static final String NAME = "tiny";
  private static final int STEPS = 3;
  private static final long SEED = 3;
  private static final float GUIDANCE = 4;
  private static final int SIDE = 8;

  /** Timesteps of a level above. */
  private static final String FEW = "@900,600,300";

  @TempDir private Path folder;
  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

  @Test
  void a_given_picture_is_enlarged_as_published() throws Exception {
    Path published = TinyUpscaler.in(folder.resolve("published"));
    WholeJob job = imported(published, ImportLevels.NONE);
    assertThat(Json.read(Json.write(job.bundle().card()), BundleCard.class))
        .isEqualTo(job.bundle().card());
    Picture picture = picture();
    float[] planes = Resize.of(picture.planes(), picture.height(), picture.width(), SIDE, SIDE);
    List<List<Product>> made = job.products(given(picture, null, Map.of()));
    float[] latents = walkedByHand(published, job, made, planes, 20);
    assertThat(sample(made, 2)).hasSameSizeAs(latents);
    for (int i = 0; i < latents.length; i++) {
      assertThat(sample(made, 2)[i]).as("value %s", i).isCloseTo(latents[i], within(2e-4f));
    }
    NDArray scaled = manager.create(latents, new Shape(1, 4, SIDE, SIDE)).div(0.08333f);
    float[] decoded =
        job.bundle()
            .network("vae")
            .call(Map.of("latent", scaled))
            .singletonOrThrow()
            .toFloatArray();
    assertThat(sample(made, 3)).hasSameSizeAs(decoded).hasSize(3 * 4 * SIDE * 4 * SIDE);
    for (int i = 0; i < decoded.length; i++) {
      assertThat(sample(made, 3)[i]).as("colour %s", i).isCloseTo(decoded[i], within(2e-3f));
    }
    assertThat(sizes(made)).containsExactly("32x32");
    List<List<Product>> noisier = job.products(given(picture, 350, Map.of()));
    float[] other = walkedByHand(published, job, noisier, planes, 350);
    for (int i = 0; i < other.length; i++) {
      assertThat(sample(noisier, 2)[i]).as("value %s", i).isCloseTo(other[i], within(2e-4f));
    }
    assertThat(sample(noisier, 2)).isNotEqualTo(sample(made, 2));
    assertThat(sizes(job.products(given(picture, null, Map.of("width", 48, "height", 24)))))
        .containsExactly("48x24");
  }

  /** StableDiffusionUpscalePipeline with its two schedulers, written out. */
  private float[] walkedByHand(
      Path published, WholeJob job, List<List<Product>> made, float[] picture, int noiseLevel)
      throws IOException {
    double[] cosine =
        IntStream.range(0, 1000)
            .mapToDouble(t -> Math.min(1 - bar((t + 1) / 1000.) / bar(t / 1000.), 0.999))
            .toArray();
    double left = 1;
    for (int t = 0; t <= noiseLevel; t++) {
      left *= 1 - cosine[t];
    }
    float[] drawn =
        new Noise(SEED)
            .normals(0, Noise.Purpose.CONDITION, 0, 0, Region.FrameWindow.whole(1, 3, SIDE, SIDE));
    NDArray low =
        plane(picture, 3).mul(Math.sqrt(left)).add(plane(drawn, 3).mul(Math.sqrt(1 - left)));
    double[] abar = new double[1000];
    for (int t = 0; t < 1000; t++) {
      abar[t] = (t == 0 ? 1 : abar[t - 1]) * (1 - (0.0001 + (0.02 - 0.0001) * t / 999));
    }
    float[] start =
        new Noise(SEED)
            .normals(0, Noise.Purpose.START, 0, 0, Region.FrameWindow.whole(1, 4, SIDE, SIDE));
    NDArray x = plane(start, 4);
    Network network = network(published);
    Safetensors given = job.generation().tensors().read(made.get(0).getFirst().artifact().id());
    Safetensors withheld = job.generation().tensors().read(made.get(1).getFirst().artifact().id());
    for (int time : new int[] {667, 334, 1}) {
      NDArray input = x.concat(low, 1);
      NDArray with = answer(network, input, time, given, noiseLevel);
      NDArray without = answer(network, input, time, withheld, noiseLevel);
      NDArray v = without.add(with.sub(without).mul(GUIDANCE));
      double signal = Math.sqrt(abar[time]);
      double noise = Math.sqrt(1 - abar[time]);
      double before = abar[Math.max(0, time - 333)]; // set_alpha_to_one is false
      NDArray clean = x.mul(signal).sub(v.mul(noise));
      NDArray epsilon = v.mul(signal).add(x.mul(noise));
      x = clean.mul(Math.sqrt(before)).add(epsilon.mul(Math.sqrt(1 - before)));
    }
    return x.toFloatArray();
  }

  private static double bar(double u) {
    return Math.pow(Math.cos((u + 0.008) / 1.008 * Math.PI / 2), 2);
  }

  private NDArray plane(float[] values, int channels) {
    return manager.create(values, new Shape(1, channels, SIDE, SIDE));
  }

  private NDArray answer(Network network, NDArray x, int time, Safetensors text, int noiseLevel) {
    return network.forward(
        x,
        manager.create(new float[] {time}),
        Map.of(
            "encoder_hidden_states",
            StoredTensors.array(manager, text.get("last_hidden_state")),
            "class_labels",
            manager.create(new float[] {noiseLevel})));
  }

  /** The published network as it is, of seven channels. */
  private static Network network(Path published) throws IOException {
    Safetensors weights =
        Safetensors.read(published.resolve("unet/diffusion_pytorch_model.safetensors"));
    PublishedNetwork network;
    try (PublishedConfig config =
        PublishedConfig.parse(
            "config.json", Files.readString(published.resolve("unet/config.json")))) {
      network = Architectures.of("UNet2DConditionModel", config, weights.tensors().keySet());
    }
    return Network.load(
        "unet",
        NetworkSource.parse("unet.py", network.source()),
        network.weights("weights", weights),
        Precision.FLOAT32,
        Device.cpu());
  }

  @Test
  void a_level_below_is_enlarged_in_one_piece_or_in_tiles_and_both_can_be_looked_at()
      throws Exception {
    Path published = TinyUpscaler.in(folder.resolve("published"));
    Files.writeString(
        published.resolve("scheduler/scheduler_config.json"),
        """
        {"_class_name": "DPMSolverMultistepScheduler", "beta_end": 0.02, "beta_schedule": "linear",
         "beta_start": 0.0001, "num_train_timesteps": 1000, "prediction_type": "v_prediction"}\
        """);
    WholeJob job = imported(PICTURES, above(published + FEW));
    BundleCard card = job.bundle().card();
    assertThat(card.levels()).extracting(Level::seen).containsExactly(side(32), side(128));
    List<List<Product>> made = job.products(spec(null, null, Map.of()));
    assertThat(sizes(made)).containsExactly("32x32", "128x128");
    JobSpec changed =
        spec(JobInput.changed(stored(picture()), 0.7), 200, Map.of("width", 64, "height", 96));
    assertThat(sizes(job.products(changed)))
        .as("of a changed picture, in another size")
        .containsExactly("16x24", "64x96");
    assertThatThrownBy(() -> Plan.of(spec(null, null, Map.of("width", 100)), card))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("32 to 4096 in steps of 32 for tiny, not 100");
    WholeJob tiled = imported("tiled", PICTURES, above(published + ":128x128/64x64" + FEW));
    JobSpec inTiles =
        new JobSpec(Kind.IMAGE, "a red bicycle", "tiled", options(), Map.of(), Format.PNG);
    Plan plan = Plan.of(inTiles, tiled.bundle().card());
    assertThat(plan.tasks().stream().filter(task -> task.work() instanceof Work.Sample))
        .hasSize(10);
    assertThat(sizes(tiled.products(inTiles))).containsExactly("32x32", "128x128");
  }

  @Test
  void a_large_result_is_decoded_in_tiles() throws Exception {
    WholeJob job = imported(TinyUpscaler.in(folder.resolve("published")), ImportLevels.NONE);
    JobSpec spec = given(picture(), null, Map.of("width", 2048, "height", 1024));
    Plan plan = Plan.of(spec, job.bundle().card());
    assertThat(plan.tasks().stream().filter(task -> task.work() instanceof Work.Decode)).hasSize(3);
  }

  @Test
  void what_an_upscaler_cannot_do_is_refused_by_name() throws Exception {
    Path published = TinyUpscaler.in(folder.resolve("published"));
    BundleCard card = imported(published, ImportLevels.NONE).bundle().card();
    refused(spec(null, null, Map.of()), card, "input_image", "is missing: tiny enlarges a picture");
    refused(given(picture(), 351, Map.of()), card, "noise_level", "must be 0 to 350 for base");
    refused(
        given(picture(), null, Map.of("width", 8192)), card, "width", "must be 8 to 4096 in steps");
    JobSpec half = spec(JobInput.changed(stored(picture()), 0.5), null, Map.of());
    refused(half, card, "strength", "does not go with tiny, which enlarges the input_image");
    refused(published, above(published + ":0.5"), "so it takes no strength");
    refused(PICTURES, above(published + ":512x512"), "it makes [128, 128] of the [32, 32] below");
    refused(
        PUBLISHED.resolve("text-to-video-sd/modelscope-ddim"),
        above(published.toString()),
        "it makes IMAGE in 1 levels, so it cannot refine VIDEO");
    Path unet = published.resolve("unet/config.json");
    changed(unet, "\"in_channels\": 7", "\"in_channels\": 4");
    refused(
        published, ImportLevels.NONE, "in_channels is 4; it must be 4 of latents and 3 colours");
    changed(unet, "\"in_channels\": 4", "\"in_channels\": 7");
    Path low = published.resolve("low_res_scheduler/scheduler_config.json");
    changed(low, "squaredcos_cap_v2", "zigzag");
    refused(published, ImportLevels.NONE, "zigzag");
    changed(low, "zigzag", "squaredcos_cap_v2");
    Path index = published.resolve("model_index.json");
    changed(index, "\\[\"diffusers\", \"DDPMScheduler\"\\]", "[null, null]");
    refused(published, ImportLevels.NONE, "has no low_res_scheduler among its components");
  }

  private static void refused(JobSpec spec, BundleCard card, String field, String why) {
    assertThatThrownBy(() -> Plan.of(spec, card))
        .isInstanceOfSatisfying(
            InvalidSpec.class, refused -> assertThat(refused.field()).isEqualTo(field))
        .hasMessageContaining(why);
  }

  private void refused(Path published, ImportLevels levels, String why) {
    assertThatThrownBy(() -> imported("other", published, levels))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(why);
  }

  private static void changed(Path file, String from, String to) throws IOException {
    String text = Files.readString(file);
    String other = text.replaceFirst(from, to);
    assertThat(other).isNotEqualTo(text);
    Files.writeString(file, other);
  }

  // ---- jobs

  /** Colours that change along both sides. */
  private static Picture picture() {
    byte[] rgb = new byte[3 * 16 * 16];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 37 % 251);
    }
    return new Picture(16, 16, rgb);
  }

  private ArtifactId stored(Picture picture) {
    return artifacts().put("image/png", picture.png()).id();
  }

  private JobSpec given(Picture picture, @Nullable Integer noise, Map<String, Integer> extents) {
    return spec(JobInput.firstFrame(stored(picture)), noise, extents);
  }

  private static SamplingOptions options() {
    return new SamplingOptions(SEED, STEPS, (double) GUIDANCE, null, null);
  }

  private static JobSpec spec(
      @Nullable JobInput input, @Nullable Integer noise, Map<String, Integer> extents) {
    return new JobSpec(
        JobSpec.VERSION,
        Kind.IMAGE,
        "a red bicycle",
        null,
        NAME,
        options(),
        extents,
        Format.PNG,
        null,
        input,
        null,
        noise,
        null);
  }

  private static List<Integer> side(int pixels) {
    return List.of(pixels, pixels);
  }

  private static ImportLevels above(String level) {
    return new ImportLevels(
        PixelSize.parse("32x32"), 1.0, List.of(), List.of(LevelSource.parse(level)));
  }

  private float[] sample(List<List<Product>> made, int task) {
    FloatBuffer values =
        new StoredTensors(artifacts()).sample(made.get(task).getFirst().artifact().id()).values();
    float[] copy = new float[values.capacity()];
    values.get(0, copy);
    return copy;
  }

  private List<byte[]> files(List<List<Product>> products) {
    return products.stream()
        .flatMap(List::stream)
        .filter(product -> product.role() == Role.MEDIA)
        .map(product -> artifacts().read(product.artifact().id()))
        .toList();
  }

  private List<String> sizes(List<List<Product>> products) {
    return files(products).stream()
        .map(
            file -> {
              try {
                var image = ImageIO.read(new ByteArrayInputStream(file));
                return image.getWidth() + "x" + image.getHeight();
              } catch (IOException broken) {
                throw new UncheckedIOException(broken);
              }
            })
        .toList();
  }

  private WholeJob imported(Path published, ImportLevels levels) {
    return imported(NAME, published, levels);
  }

  private WholeJob imported(String name, Path published, ImportLevels levels) {
    Path place;
    try (BundleImport imported =
        BundleImport.of(
            List.of(published),
            levels,
            folder.resolve("models"),
            new ImportOptions(name, "", 0, 0))) {
      place = imported.install();
    }
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    LoadedBundle bundle = new LoadedBundle(place, networks);
    return new WholeJob(
        new Generation(
            Map.of(name, bundle),
            artifacts(),
            Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
            manager,
            NumericClass.of(Device.cpu(), Precision.FLOAT32),
            networks::weights),
        bundle);
  }

  private ArtifactFolder artifacts() {
    return new ArtifactFolder(folder.resolve("artifacts"));
  }
}
