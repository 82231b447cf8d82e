package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.NetworkSource;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import glimt.generation.Modalities;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobInput;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.SamplingOptions;
import glimt.job.Work;
import glimt.media.Ffmpeg;
import glimt.media.Picture;
import glimt.model.Codec;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.pipeline.Drafting;
import glimt.pipeline.Opening;
import glimt.published.Architectures;
import glimt.published.BundleImport;
import glimt.published.ImportLevels;
import glimt.published.ImportLevels.PixelSize;
import glimt.published.ImportOptions;
import glimt.published.PublishedConfig;
import glimt.published.PublishedNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs of Wan's models that begin with a picture, with random weights. */
class WanPictureTest {
  private static final Path WAN =
      Path.of("../generation/src/test/resources/golden-models/wan/2.1-t2v-unipc");
  private static final String NAME = "tiny";
  private static final int WIDTH = 48;
  private static final int SEEN = 10;
  private static final int CHANNELS = 16;

  @TempDir private Path folder;
  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  private final Random random = new Random(4);

  @Test
  void wan_2_2_keeps_the_picture_where_its_timesteps_are_expanded() throws Exception {
    Path published = published();
    change(published.resolve("model_index.json"), "expand_timesteps", "true");
    WholeJob job = imported(published);
    float[] free = sampled(job, spec(null));
    float[] red = sampled(job, spec(0xc02020));
    float[] blue = sampled(job, spec(0x2020c0));
    int frame = free.length / 2;
    assertThat(red).isNotEqualTo(free);
    assertThat(Arrays.copyOf(red, frame))
        .as("the picture is the first frame whatever the noise is")
        .isEqualTo(Arrays.copyOf(sampled(job, spec(0xc02020, 9)), frame));
    assertThat(Arrays.copyOfRange(red, frame, 2 * frame))
        .as("the frame after it")
        .isNotEqualTo(Arrays.copyOfRange(blue, frame, 2 * frame));
  }

  @Test
  void wan_2_1_reads_the_picture_by_clip_and_its_latents_beside_the_noise() throws Exception {
    WholeJob job = imported(imageToVideo());
    assertThatThrownBy(() -> Plan.of(spec(null), job.bundle().card()))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("is missing: tiny makes clips of a first picture");
    float[] red = sampled(job, spec(0xc02020));
    assertThat(sampled(job, spec(0xc02020))).isEqualTo(red);
    assertThat(sampled(job, spec(0x2020c0))).isNotEqualTo(red);
    Level level = Plan.of(spec(0xc02020), job.bundle().card()).levels().getFirst();
    Opening opening =
        new Opening(
            new Drafting(
                level,
                0,
                level.segments().getFirst(),
                Modalities.of(Kind.VIDEO),
                3,
                job.bundle()::network),
            Picture.plain(64, 16, 0xc02020));
    assertThat(opening.states(manager).getShape()).isEqualTo(new Shape(1, 5, SEEN));
    assertThat(opening.latents(manager).toFloatArray())
        .isEqualTo(condition(job, level).toFloatArray());
  }

  /** What WanImageToVideoPipeline lays beside the noise, as it makes it. */
  private NDArray condition(WholeJob job, Level level) {
    Codec codec = Objects.requireNonNull(level.codec());
    NDArray first =
        manager.create(Picture.plain(32, 16, 0xc02020).planes(), new Shape(1, 1, 3, 16, 32));
    NDArray clip = first.concat(manager.zeros(new Shape(1, 4, 3, 16, 32)), 1);
    NDArray latent = job.bundle().network("vae_encoder").call(Map.of("image", clip)).get(0);
    float[] values = latent.toFloatArray();
    for (int i = 0; i < values.length; i++) {
      int channel = i / 8 % CHANNELS;
      values[i] = (float) ((values[i] - codec.shift().get(channel)) * codec.scale().get(channel));
    }
    // Ones for the given frame, which counts four times, then zeros; four frames a latent frame.
    NDArray given = manager.ones(new Shape(1, 1, 4, 2, 4));
    NDArray mask = given.concat(manager.zeros(new Shape(1, 1, 4, 2, 4)), 2);
    mask = mask.reshape(1, 2, 4, 2, 4);
    return mask.concat(manager.create(values, latent.getShape()), 2);
  }

  @Test
  void two_experts_with_a_first_picture_walk_as_published() throws Exception {
    Path published = published();
    Path index = published.resolve("model_index.json");
    Files.writeString(
        index,
        Files.readString(index)
            .replace("WanPipeline", "WanImageToVideoPipeline")
            .replaceAll("UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler")
            .replaceAll("\"boundary_ratio\": null", "\"boundary_ratio\": 0.8")
            .replaceAll(
                "\"transformer_2\": \\[\\s*null,\\s*null\\s*]",
                "\"transformer_2\": [\"diffusers\", \"WanTransformer3DModel\"]"));
    Files.writeString(
        published.resolve("scheduler/scheduler_config.json"),
        "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", \"shift\": 3.0}");
    Path noisy = published.resolve("transformer");
    change(noisy.resolve("config.json"), "in_channels", String.valueOf(2 * CHANNELS + 4));
    Path clean = Files.createDirectory(published.resolve("transformer_2"));
    Files.copy(noisy.resolve("config.json"), clean.resolve("config.json"));
    Path weights = noisy.resolve("diffusion_pytorch_model.safetensors");
    Map<String, Tensor> own = Safetensors.read(weights).tensors();
    Files.delete(weights);
    for (Path expert : List.of(noisy, clean)) {
      Map<String, Tensor> tensors = new HashMap<>(own);
      put(tensors, "patch_embedding.weight", WIDTH, 2 * CHANNELS + 4, 1, 2, 2);
      put(
          tensors,
          "proj_out.weight",
          Objects.requireNonNull(own.get("proj_out.weight")).dimensions());
      new Safetensors(tensors).write(expert.resolve("diffusion_pytorch_model.safetensors"));
    }
    WholeJob job = imported(published);
    JobSpec spec = spec(0xc02020, 3, 4);
    float[] walked = walkedByHand(job, spec, transformer(noisy), transformer(clean));
    float[] sampled = sampled(job, spec);
    assertThat(sampled).hasSameSizeAs(walked);
    for (int i = 0; i < walked.length; i++) {
      assertThat(sampled[i]).as("value %s", i).isCloseTo(walked[i], within(2e-4f));
    }
  }

  /** WanImageToVideoPipeline of two experts, with four steps of FlowMatchEuler, written out. */
  private float[] walkedByHand(WholeJob job, JobSpec spec, Network noisy, Network clean)
      throws Exception {
    List<List<Product>> made = job.products(spec);
    Level level = Plan.of(spec, job.bundle().card()).levels().getFirst();
    NDArray condition = condition(job, level);
    double least = shifted(0.001);
    double[] sigmas = new double[5];
    for (int i = 0; i < 4; i++) {
      sigmas[i] = shifted(1 - i * (1 - least) / 3);
    }
    float[] start =
        new Noise(3)
            .normals(0, Noise.Purpose.START, 0, 0, Region.FrameWindow.whole(2, CHANNELS, 2, 4));
    NDArray x = manager.create(start, new Shape(1, 2, CHANNELS, 2, 4));
    int asked = 0;
    for (int i = 0; i < 4; i++) {
      double time = 1000 * sigmas[i];
      boolean early = time >= 800;
      Network expert = early ? noisy : clean;
      asked += early ? 1 : 0;
      NDArray input = x.concat(condition, 2);
      NDArray with = answer(job, expert, input, time, made.get(0));
      NDArray without = answer(job, expert, input, time, made.get(1));
      NDArray velocity = without.add(with.sub(without).mul(3.5)); // as the A14B model's card says
      x = x.add(velocity.mul(sigmas[i + 1] - sigmas[i]));
    }
    assertThat(asked).as("both experts walk").isEqualTo(2);
    return x.toFloatArray();
  }

  private static double shifted(double sigma) {
    return 3 * sigma / (1 + 2 * sigma);
  }

  private NDArray answer(
      WholeJob job, Network expert, NDArray x, double time, List<Product> encoded) {
    Safetensors states = job.generation().tensors().read(encoded.getFirst().artifact().id());
    return expert.forward(
        x,
        manager.create(new float[] {(float) time}),
        Map.of(
            "encoder_hidden_states",
            StoredTensors.array(manager, states.get("last_hidden_state_masked"))));
  }

  /** A published transformer as it is. */
  private static Network transformer(Path folder) throws IOException {
    Safetensors weights = Safetensors.read(folder.resolve("diffusion_pytorch_model.safetensors"));
    PublishedNetwork network;
    try (PublishedConfig config =
        PublishedConfig.parse("config.json", Files.readString(folder.resolve("config.json")))) {
      network = Architectures.of("WanTransformer3DModel", config, weights.tensors().keySet());
    }
    return Network.load(
        "transformer",
        NetworkSource.parse("transformer.py", network.source()),
        network.weights("weights", weights),
        Precision.FLOAT32,
        Device.cpu());
  }

  @Test
  void what_an_image_to_video_folder_may_not_have_is_refused_by_name() throws Exception {
    Path published = imageToVideo();
    change(published.resolve("image_processor/preprocessor_config.json"), "do_normalize", "false");
    assertThatThrownBy(() -> imported(published)).hasMessageContaining("do_normalize");
    change(published.resolve("image_processor/preprocessor_config.json"), "do_normalize", "true");
    change(published.resolve("transformer/config.json"), "pos_embed_seq_len", "10");
    assertThatThrownBy(() -> imported(published))
        .hasMessageContaining("clips with a given end are not implemented");
    change(published.resolve("transformer/config.json"), "pos_embed_seq_len", "null");
    change(published.resolve("transformer/config.json"), "in_channels", "32");
    assertThatThrownBy(() -> imported(published))
        .hasMessageContaining("it takes 32, and is given 36");
  }

  // ---- folders

  /** Wan 2.1 for pictures: the clip's transformer takes 36 channels and CLIP's states. */
  private Path imageToVideo() throws IOException {
    Path published = published();
    Path index = published.resolve("model_index.json");
    String text = Files.readString(index);
    Files.writeString(
        index,
        text.replace("WanPipeline", "WanImageToVideoPipeline")
            .replaceFirst(
                "\\{",
                "{\"image_encoder\": [\"transformers\", \"CLIPVisionModel\"],"
                    + " \"image_processor\": [\"transformers\", \"CLIPImageProcessor\"],"));
    Path config = published.resolve("transformer/config.json");
    change(config, "in_channels", String.valueOf(2 * CHANNELS + 4));
    change(config, "image_dim", String.valueOf(SEEN));
    change(config, "added_kv_proj_dim", String.valueOf(WIDTH));
    Path weights = published.resolve("transformer/diffusion_pytorch_model.safetensors");
    Map<String, Tensor> tensors = new HashMap<>(Safetensors.read(weights).tensors());
    put(tensors, "patch_embedding.weight", WIDTH, 2 * CHANNELS + 4, 1, 2, 2);
    String embedder = "condition_embedder.image_embedder.";
    put(tensors, embedder + "norm1.weight", SEEN);
    put(tensors, embedder + "norm1.bias", SEEN);
    linear(tensors, embedder + "ff.net.0.proj.", SEEN, SEEN);
    linear(tensors, embedder + "ff.net.2.", WIDTH, SEEN);
    put(tensors, embedder + "norm2.weight", WIDTH);
    put(tensors, embedder + "norm2.bias", WIDTH);
    for (int block = 0; block < 2; block++) {
      String attention = "blocks." + block + ".attn2.";
      linear(tensors, attention + "add_k_proj.", WIDTH, WIDTH);
      linear(tensors, attention + "add_v_proj.", WIDTH, WIDTH);
      put(tensors, attention + "norm_added_k.weight", WIDTH);
    }
    Files.delete(weights);
    new Safetensors(tensors).write(weights);
    encoder(published);
    return published;
  }

  private void encoder(Path published) throws IOException {
    Path encoder = Files.createDirectories(published.resolve("image_encoder"));
    Files.writeString(
        encoder.resolve("config.json"),
        """
        {"architectures": ["CLIPVisionModel"], "model_type": "clip_vision_model",
         "hidden_size": 10, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 8,
         "image_size": 16, "intermediate_size": 12, "hidden_act": "gelu", "num_channels": 3,
         "layer_norm_eps": 1e-05, "projection_dim": 6}\
        """);
    Path processor = Files.createDirectories(published.resolve("image_processor"));
    Files.writeString(
        processor.resolve("preprocessor_config.json"),
        """
        {"crop_size": {"height": 16, "width": 16}, "do_center_crop": true, "do_convert_rgb": true,
         "do_normalize": true, "do_rescale": true, "do_resize": true,
         "image_mean": [0.48145466, 0.4578275, 0.40821073],
         "image_processor_type": "CLIPImageProcessor",
         "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3,
         "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 16}}\
        """);
    Map<String, Tensor> tensors = new HashMap<>();
    String model = "vision_model.";
    put(tensors, model + "embeddings.class_embedding", SEEN);
    put(tensors, model + "embeddings.patch_embedding.weight", SEEN, 3, 8, 8);
    put(tensors, model + "embeddings.position_embedding.weight", 5, SEEN);
    for (String norm :
        List.of(
            "pre_layrnorm",
            "post_layernorm",
            "encoder.layers.0.layer_norm1",
            "encoder.layers.0.layer_norm2",
            "encoder.layers.1.layer_norm1",
            "encoder.layers.1.layer_norm2")) {
      put(tensors, model + norm + ".weight", SEEN);
      put(tensors, model + norm + ".bias", SEEN);
    }
    for (int layer = 0; layer < 2; layer++) {
      String at = model + "encoder.layers." + layer;
      for (String part : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
        linear(tensors, at + ".self_attn." + part + ".", SEEN, SEEN);
      }
      linear(tensors, at + ".mlp.fc1.", 12, SEEN);
      linear(tensors, at + ".mlp.fc2.", SEEN, 12);
    }
    new Safetensors(tensors).write(encoder.resolve("model.safetensors"));
  }

  private void linear(Map<String, Tensor> tensors, String at, long out, long in) {
    put(tensors, at + "weight", out, in);
    put(tensors, at + "bias", out);
  }

  private void put(Map<String, Tensor> tensors, String name, long... shape) {
    int size = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (0.2 * random.nextGaussian());
    }
    tensors.put(name, Tensor.of(values, shape));
  }

  private Path published() throws IOException {
    Path to = folder.resolve("published");
    try (Stream<Path> files = Files.walk(WAN)) {
      for (Path file : files.toList()) {
        Path copied = to.resolve(WAN.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copied);
        } else {
          Files.copy(file, copied);
        }
      }
    }
    return to;
  }

  /** Gives a key of a JSON file another value. */
  private static void change(Path file, String key, String value) throws IOException {
    String text = Files.readString(file);
    String changed =
        text.replaceFirst("\"%s\": [\\w.]+".formatted(key), "\"" + key + "\": " + value);
    assertThat(changed).isNotEqualTo(text);
    Files.writeString(file, changed);
  }

  // ---- jobs

  private JobSpec spec(@Nullable Integer colour) {
    return spec(colour, 3);
  }

  private JobSpec spec(@Nullable Integer colour, long seed) {
    return spec(colour, seed, 2);
  }

  private JobSpec spec(@Nullable Integer colour, long seed, int steps) {
    SamplingOptions options = new SamplingOptions(seed, steps, null, null, null);
    JobInput input =
        colour == null
            ? null
            : JobInput.firstFrame(
                artifacts().put("image/png", Picture.plain(64, 16, colour).png()).id());
    return new JobSpec(
        JobSpec.VERSION,
        Kind.VIDEO,
        "a dog",
        null,
        NAME,
        options,
        Map.of(),
        Format.GIF,
        null,
        input);
  }

  private float[] sampled(WholeJob job, JobSpec spec) throws Exception {
    List<List<Product>> made = job.products(spec);
    int task =
        Plan.of(spec, job.bundle().card()).tasks().stream()
            .filter(planned -> planned.work() instanceof Work.Sample)
            .findFirst()
            .orElseThrow()
            .ordinal();
    var values =
        new StoredTensors(artifacts()).sample(made.get(task).getFirst().artifact().id()).values();
    float[] copy = new float[values.capacity()];
    values.get(0, copy);
    return copy;
  }

  private WholeJob imported(Path published) {
    Path place;
    try (BundleImport imported =
        BundleImport.of(
            List.of(published),
            new ImportLevels(new PixelSize(32, 16, 5), List.of()),
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
            manager,
            NumericClass.of(Device.cpu(), Precision.FLOAT32),
            networks::weights),
        bundle);
  }

  private ArtifactFolder artifacts() {
    return new ArtifactFolder(folder.resolve("artifacts"));
  }
}
