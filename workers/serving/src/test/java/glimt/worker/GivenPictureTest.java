package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
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
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.job.Work;
import glimt.media.Excerpt;
import glimt.media.Ffmpeg;
import glimt.media.Picture;
import glimt.model.Codec;
import glimt.model.FirstFrame;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.pipeline.LevelWalk;
import glimt.published.BundleImport;
import glimt.published.ImportLevels;
import glimt.published.ImportLevels.PixelSize;
import glimt.published.ImportOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs that begin with a picture or a clip, of LTX-Video and text-to-video-sd. */
class GivenPictureTest {
  private static final Path PUBLISHED = Path.of("../generation/src/test/resources/golden-models");
  private static final Path LTX = PUBLISHED.resolve("ltx-video/0.9.0-one-stage");
  private static final Path CLIPS = PUBLISHED.resolve("text-to-video-sd/modelscope-ddim");
  private static final String NAME = "tiny";
  private static final String PROMPT = "a dog";
  private static final int STEPS = 3;
  private static final long SEED = 3;
  private static final float GUIDANCE = 3;

  @TempDir private Path folder;
  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

  /**
   * LTXImageToVideoPipeline, written out: tokens of the first frame have the timestep 0, and only
   * the other frames are stepped.
   */
  @Test
  void ltx_keeps_the_picture_as_its_first_frame_as_published() throws Exception {
    WholeJob job = imported(LTX, new PixelSize(64, 32, 9));
    JobSpec spec = spec(picture(0xc02020, 96, 32), null);
    List<List<Product>> made = job.products(spec);
    Plan plan = Plan.of(spec, job.bundle().card());
    Level level = plan.levels().getFirst();
    assertThat(level.firstFrame())
        .isEqualTo(new FirstFrame(new FirstFrame.HeldFrame(List.of(1, 1, 1), 0), null));
    float[] sample = sampled(plan, made);
    NDArray picture = pictureLatent(job, level);
    NDArray x = walkedByHand(job, level, made, picture);
    float[] expected = x.toFloatArray();
    assertThat(sample).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(sample[i]).as("value %s", i).isCloseTo(expected[i], within(1e-4f));
    }
    assertThat(sampled(plan, job.products(spec(picture(0x2020c0, 96, 32), null))))
        .isNotEqualTo(sample);
    assertThatThrownBy(() -> Plan.of(spec(picture(0xc02020, 96, 32), 0.5), job.bundle().card()))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("keeps the input_image as its first frame");
  }

  private NDArray pictureLatent(WholeJob job, Level level) {
    Codec codec = Objects.requireNonNull(level.codec());
    float[] pixels = Picture.plain(64, 32, 0xc02020).planes();
    var coded =
        job.bundle()
            .network("vae_encoder")
            .call(Map.of("image", manager.create(pixels, new Shape(1, 1, 3, 32, 64))));
    NDArray mean = coded.get(0);
    NDArray deviation = coded.get(1).mul(0.5).exp();
    Region region = region(level, 1);
    float[] drawn = new Noise(SEED).normals(0, Noise.Purpose.ENCODE, 0, 0, region);
    NDArray latent = mean.add(deviation.mul(manager.create(drawn, mean.getShape())));
    return latent.sub(each(codec.shift())).mul(each(codec.scale()));
  }

  private static Region region(Level level, int frames) {
    List<Integer> extents = level.extents();
    return Region.FrameWindow.whole(frames, level.channels(), extents.get(1), extents.get(2));
  }

  private NDArray each(List<Double> channels) {
    float[] values = new float[channels.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = channels.get(i).floatValue();
    }
    return manager.create(values, new Shape(1, 1, values.length, 1, 1));
  }

  private NDArray walkedByHand(
      WholeJob job, Level level, List<List<Product>> made, NDArray picture) {
    int height = level.extents().get(1);
    int width = level.extents().get(2);
    int tokens = 2 * height * width;
    Safetensors prompt = job.generation().tensors().read(made.get(0).getFirst().artifact().id());
    Safetensors other = job.generation().tensors().read(made.get(1).getFirst().artifact().id());
    Port.Places places =
        level.ports().stream().map(Port::places).filter(Objects::nonNull).findFirst().orElseThrow();
    float[] coordinates = new float[3 * tokens];
    for (int i = 0; i < tokens; i++) {
      int[] at = {i / width / height, i / width % height, i % width};
      for (int axis = 0; axis < 3; axis++) {
        coordinates[axis * tokens + i] = (float) places.at(axis, at[axis]);
      }
    }
    NDArray where = manager.create(coordinates, new Shape(1, 3, tokens));
    double[] sigmas =
        LevelWalk.of(
                level.parametrisation(),
                LevelWalk.at(level, walks(Plan.of(free(), job.bundle().card()))))
            .levels()
            .sigmas();
    Region region = region(level, 2);
    float[] noise = new Noise(SEED).normals(0, Noise.Purpose.START, 0, 0, region);
    NDArray rest =
        manager.create(noise, new Shape(1, 2, level.channels(), height, width)).get(":, 1:");
    Network network = job.bundle().network(level.network());
    for (int step = 0; step < STEPS; step++) {
      double time = sigmas[step] / (1 + sigmas[step]);
      double next = sigmas[step + 1] / (1 + sigmas[step + 1]);
      NDArray x = picture.concat(rest, 1);
      float now = (float) (1000 * time);
      NDArray times = manager.full(new Shape(1, tokens), now);
      times.set(new NDIndex(":, :" + height * width), 0);
      NDArray given = answer(network, x, times, prompt, where);
      NDArray withheld = answer(network, x, times, other, where);
      NDArray guided = withheld.add(given.sub(withheld).mul(GUIDANCE));
      rest = rest.add(guided.get(":, 1:").mul(next - time));
    }
    return picture.concat(rest, 1);
  }

  private NDArray answer(
      Network network, NDArray x, NDArray times, Safetensors text, NDArray where) {
    Map<String, NDArray> ports = new LinkedHashMap<>();
    ports.put("encoder_hidden_states", StoredTensors.array(manager, text.get("last_hidden_state")));
    ports.put("encoder_attention_mask", StoredTensors.array(manager, text.get("mask")));
    ports.put("video_coords", where);
    return network.forward(x, times, ports);
  }

  @Test
  void a_clip_is_changed_as_far_as_its_strength_and_a_short_one_is_told() throws Exception {
    WholeJob job = imported(CLIPS, new PixelSize(64, 32, 4));
    byte[] given = file(job.products(free(8)));
    ArtifactId clip = artifacts().put("image/gif", given).id();
    byte[] near = file(job.products(spec(clip, 0.4, Map.of())));
    byte[] far = file(job.products(spec(clip, 1, Map.of())));
    assertThat(distance(near, given)).isLessThan(distance(far, given));
    assertThat(warnings(job, spec(clip, 0.4, Map.of()))).isEmpty();
    assertThat(warnings(job, spec(clip, 0.4, Map.of("frames", 6))))
        .singleElement()
        .asString()
        .contains("the input_video ends after 4 of 6 frames");
    assertThatThrownBy(() -> Plan.of(spec(picture(0xc02020, 64, 32), null), job.bundle().card()))
        .hasMessageContaining("does not go with tiny, which cannot begin with one");
  }

  private List<String> warnings(WholeJob job, JobSpec spec) throws Exception {
    Plan plan = Plan.of(spec, job.bundle().card());
    List<List<Product>> products = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (Plan.PlannedTask planned : plan.tasks()) {
      var task = job.task(spec, planned, products);
      var done =
          (Outcome.Succeeded) job.generation().make(task, new Attempt(task, _ -> {}, _ -> {}));
      warnings.addAll(done.warnings());
      products.add(done.products());
    }
    return warnings;
  }

  private double distance(byte[] one, byte[] other) throws Exception {
    byte[] a = frames(one);
    byte[] b = frames(other);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double apart = (a[i] & 255) - (b[i] & 255);
      sum += apart * apart;
    }
    return sum / a.length;
  }

  private byte[] frames(byte[] gif) throws Exception {
    Path file = Files.write(folder.resolve("clip.gif"), gif);
    return new Excerpt(ffmpeg()).read(file).rgb();
  }

  // ---- jobs

  private ArtifactId picture(int colour, int width, int height) {
    return artifacts().put("image/png", Picture.plain(width, height, colour).png()).id();
  }

  private static JobSpec free() {
    return free(SEED);
  }

  private static JobSpec free(long seed) {
    return spec(seed, null, Map.of());
  }

  private static JobSpec spec(ArtifactId picture, @Nullable Double strength) {
    return spec(new JobInput(picture, strength, null), Map.of());
  }

  private static JobSpec spec(ArtifactId clip, double strength, Map<String, Integer> extents) {
    return spec(JobInput.clip(clip, strength), extents);
  }

  private static JobSpec spec(JobInput input, Map<String, Integer> extents) {
    return spec(SEED, input, extents);
  }

  private static JobSpec spec(long seed, @Nullable JobInput input, Map<String, Integer> extents) {
    SamplingOptions options = new SamplingOptions(seed, STEPS, (double) GUIDANCE, null, null);
    return new JobSpec(
        JobSpec.VERSION, Kind.VIDEO, PROMPT, null, NAME, options, extents, Format.GIF, null, input);
  }

  private static Sampling walks(Plan plan) {
    return plan.tasks().stream()
        .map(Plan.PlannedTask::work)
        .filter(Work.Sample.class::isInstance)
        .map(work -> ((Work.Sample) work).sampling())
        .findFirst()
        .orElseThrow();
  }

  private float[] sampled(Plan plan, List<List<Product>> made) {
    for (Plan.PlannedTask task : plan.tasks()) {
      if (task.work() instanceof Work.Sample) {
        Product product = made.get(task.ordinal()).getFirst();
        var values = new StoredTensors(artifacts()).sample(product.artifact().id()).values();
        float[] copy = new float[values.capacity()];
        values.get(0, copy);
        return copy;
      }
    }
    throw new IllegalStateException("nothing is sampled");
  }

  private byte[] file(List<List<Product>> products) {
    return products.stream()
        .flatMap(List::stream)
        .filter(product -> product.role() == Role.MEDIA)
        .map(product -> artifacts().read(product.artifact().id()))
        .findFirst()
        .orElseThrow();
  }

  private WholeJob imported(Path published, PixelSize size) {
    Path place;
    try (BundleImport imported =
        BundleImport.of(
            List.of(published),
            new ImportLevels(size, List.of()),
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
            ffmpeg(),
            manager,
            NumericClass.of(Device.cpu(), Precision.FLOAT32),
            networks::weights),
        bundle);
  }

  private Ffmpeg ffmpeg() {
    return Ffmpeg.unpackedIn(folder.resolve("ffmpeg"));
  }

  private ArtifactFolder artifacts() {
    return new ArtifactFolder(folder.resolve("artifacts"));
  }
}
