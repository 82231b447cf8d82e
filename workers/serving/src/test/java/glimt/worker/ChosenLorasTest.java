package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.artifact.ArtifactFolder;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.job.ContentKey;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.JobSpec;
import glimt.job.LoraChoice;
import glimt.job.Plan;
import glimt.job.Plan.PlannedTask;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.SamplingOptions;
import glimt.media.Ffmpeg;
import glimt.model.Kind;
import glimt.published.BundleImport;
import glimt.published.ImportOptions;
import glimt.published.ImportOptions.LoraFile;
import glimt.published.ImportOptions.NamedLora;
import glimt.published.SingleFileOptions;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that choose LoRAs of an imported model, as a worker makes them. */
class ChosenLorasTest {
  private static final Path PUBLISHED =
      Path.of("../generation/src/test/resources/golden-models/stable-diffusion/sd1-pndm");

  private static final String ATTENTION =
      "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
  private static final String WORDS = "text_model.encoder.layers.0.self_attn.q_proj";

  @TempDir static Path folder;
  private static ArtifactFolder artifacts;
  private static final Map<String, WholeJob> jobs = new HashMap<>();

  @BeforeAll
  static void prepare() {
    Map<String, Tensor> tensors = new TreeMap<>();
    change(tensors, "unet", ATTENTION);
    change(tensors, "text_encoder", WORDS);
    Path style = folder.resolve("style.safetensors");
    new Safetensors(tensors).write(style);
    artifacts = new ArtifactFolder(folder.resolve("artifacts"));
    bundle(new ImportOptions("plain", "", 0, 0));
    bundle(new ImportOptions("merged", "", 0, 0, List.of(new LoraFile(style, 0.5))));
    bundle(
        new ImportOptions(
            "offered",
            "",
            0,
            0,
            List.of(),
            List.of(new NamedLora("style", style)),
            SingleFileOptions.NONE,
            null));
  }

  private static void bundle(ImportOptions options) {
    Path place;
    try (BundleImport imported = BundleImport.of(PUBLISHED, folder.resolve("models"), options)) {
      place = imported.install();
    }
    NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
    LoadedBundle bundle = new LoadedBundle(place, networks);
    jobs.put(
        options.name(),
        new WholeJob(
            new Generation(
                Map.of(options.name(), bundle),
                artifacts,
                Ffmpeg.unpackedIn(folder.resolve("ffmpeg")),
                NDManager.newBaseManager(Device.cpu(), "PyTorch"),
                NumericClass.of(Device.cpu(), Precision.FLOAT32),
                networks::weights),
            bundle));
  }

  private static void change(Map<String, Tensor> lora, String network, String module) {
    Path file =
        PUBLISHED
            .resolve(network)
            .resolve(
                network.equals("unet")
                    ? "diffusion_pytorch_model.safetensors"
                    : "model.safetensors");
    Tensor base = Safetensors.map(file).get(module + ".weight");
    Random random = new Random(5);
    int outputs = Math.toIntExact(base.shape().getFirst());
    int inputs = Math.toIntExact(base.shape().getLast());
    lora.put(network + "." + module + ".lora_A.weight", random(2, inputs, random));
    lora.put(network + "." + module + ".lora_B.weight", random(outputs, 2, random));
  }

  private static Tensor random(int rows, int columns, Random random) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return Tensor.of(values, rows, columns);
  }

  @Test
  void a_job_that_chooses_a_lora_gets_the_bytes_of_one_merged_at_import() throws Exception {
    byte[] chosen = picture("offered", new LoraChoice("style", 0.5));
    assertThat(chosen).isEqualTo(picture("merged"));
    assertThat(picture("offered", new LoraChoice("style", 0.6))).isNotEqualTo(chosen);
    byte[] plain = picture("plain");
    assertThat(plain).isNotEqualTo(chosen);
    assertThat(picture("offered")).as("a job that chooses none").isEqualTo(plain);
    assertThat(picture("offered", new LoraChoice("style", 0.5))).isEqualTo(chosen);
  }

  @Test
  void what_an_encoder_makes_is_kept_by_the_loras_that_change_it() {
    List<ContentKey> plain = keys("plain");
    assertThat(keys("offered")).isEqualTo(plain);
    List<ContentKey> chosen = keys("offered", new LoraChoice("style", 0.5));
    assertThat(chosen).doesNotContainAnyElementsOf(plain);
    assertThat(keys("offered", new LoraChoice("style", 0.6))).doesNotContainAnyElementsOf(chosen);
    assertThat(keys("merged")).doesNotContainAnyElementsOf(plain);
  }

  @Test
  void a_lora_that_the_model_does_not_offer_is_refused_with_those_it_does() {
    assertThatThrownBy(() -> keys("offered", new LoraChoice("ink", 1)))
        .isInstanceOf(InvalidSpec.class)
        .hasFieldOrPropertyWithValue("field", "loras")
        .hasMessage("must be some of style, those of offered, not ink");
    assertThatThrownBy(() -> keys("plain", new LoraChoice("style", 1)))
        .hasMessage("do not go with plain, which was imported with none");
    assertThatThrownBy(() -> new LoraChoice("style", Double.NaN)).isInstanceOf(InvalidSpec.class);
    assertThatThrownBy(() -> new LoraChoice("style", Double.NEGATIVE_INFINITY))
        .isInstanceOf(InvalidSpec.class);
    assertThatThrownBy(
            () -> spec("offered", new LoraChoice("style", 1), new LoraChoice("style", 2)))
        .isInstanceOf(InvalidSpec.class)
        .hasMessageContaining("twice");
  }

  private static List<ContentKey> keys(String model, LoraChoice... loras) {
    return Plan.of(spec(model, loras), job(model).bundle().card()).tasks().stream()
        .map(PlannedTask::content)
        .filter(Objects::nonNull)
        .toList();
  }

  private static WholeJob job(String model) {
    return Objects.requireNonNull(jobs.get(model));
  }

  private static JobSpec spec(String model, LoraChoice... loras) {
    return new JobSpec(
        JobSpec.VERSION,
        Kind.IMAGE,
        "a cat",
        null,
        model,
        new SamplingOptions(3, 2, null, null, null),
        Map.of(),
        Format.PNG,
        null,
        null,
        List.of(loras),
        null,
        null);
  }

  private static byte[] picture(String model, LoraChoice... loras) throws Exception {
    return artifacts.read(
        job(model).products(spec(model, loras)).stream()
            .flatMap(List::stream)
            .filter(product -> product.role() == Role.MEDIA)
            .map(Product::artifact)
            .reduce((_, later) -> later)
            .orElseThrow()
            .id());
  }
}
