package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import glimt.bundle.Safetensors.Tensor;
import glimt.job.LoraChoice;
import glimt.model.LoraAdapter;
import glimt.published.BundleImport;
import glimt.published.ImportOptions;
import glimt.published.ImportOptions.LoraFile;
import glimt.published.ImportOptions.NamedLora;
import glimt.published.SingleFileOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LoRAs that jobs choose, against the same ones merged when the model was imported. */
class LoraOverlayTest {
  private static final Path XL =
      Path.of("src/test/resources/golden-models/stable-diffusion-xl/base-euler");

  private static final String ATTENTION = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q";
  private static final String KERNEL = "up_blocks.0.resnets.1.conv1";
  private static final String WORDS = "text_model.encoder.layers.0.self_attn.q_proj";

  @TempDir static Path folder;
  private static Bundle merged;
  private static Bundle offered;

  /** Of a U-Net in float16: one LoRA of an attention and a kernel, one of that and of the words. */
  @BeforeAll
  static void prepare() {
    Map<String, Tensor> ink = new TreeMap<>();
    change(ink, "unet", ATTENTION, 3, 1);
    change(ink, "unet", KERNEL, 2, 2);
    Map<String, Tensor> paper = new TreeMap<>();
    change(paper, "unet", ATTENTION, 1, 3);
    change(paper, "text_encoder", WORDS, 4, 4);
    Path first = folder.resolve("first.safetensors");
    Path second = folder.resolve("second.safetensors");
    new Safetensors(ink).write(first);
    new Safetensors(paper).write(second);
    merged =
        imported(
            new ImportOptions(
                "merged", "", 0, 0, List.of(new LoraFile(first, 0.8), new LoraFile(second, -0.3))));
    offered =
        imported(
            new ImportOptions(
                "offered",
                "",
                0,
                0,
                List.of(),
                List.of(new NamedLora("ink", first), new NamedLora("paper", second)),
                SingleFileOptions.NONE,
                null));
  }

  private static Bundle imported(ImportOptions options) {
    try (BundleImport bundle = BundleImport.of(XL, folder.resolve("models"), options)) {
      return Bundle.open(bundle.install());
    }
  }

  private static void change(
      Map<String, Tensor> lora, String network, String module, int rank, int seed) {
    Path file =
        XL.resolve(network)
            .resolve(
                network.equals("unet")
                    ? "diffusion_pytorch_model.safetensors"
                    : "model.safetensors");
    Tensor base = Safetensors.map(file).get(module + ".weight");
    long outputs = base.shape().getFirst();
    List<Long> down = new ArrayList<>(base.shape());
    down.set(0, (long) rank);
    List<Long> up = new ArrayList<>(Collections.nCopies(down.size(), 1L));
    up.set(0, outputs);
    up.set(1, (long) rank);
    Random random = new Random(seed);
    lora.put(network + "." + module + ".lora_A.weight", random(down, random));
    lora.put(network + "." + module + ".lora_B.weight", random(up, random));
    lora.put(network + "." + module + ".alpha", Tensor.of(new float[] {1.7f}));
  }

  private static Tensor random(List<Long> shape, Random random) {
    float[] values = new float[Math.toIntExact(Safetensors.count(shape))];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return Tensor.of(values, shape.stream().mapToLong(Long::longValue).toArray());
  }

  @Test
  void the_weights_are_those_of_a_merge_at_import_bit_for_bit() {
    LoraOverlay overlay = overlay(new LoraChoice("ink", 0.8), new LoraChoice("paper", -0.3));
    int changed = 0;
    for (String network : offered.networks()) {
      Map<String, Tensor> base = offered.weights(network).tensors();
      Map<String, Tensor> over = overlay.over(offered, network).tensors();
      assertThat(over).as(network).isEqualTo(merged.weights(network).tensors());
      for (Map.Entry<String, Tensor> tensor : over.entrySet()) {
        boolean same = tensor.getValue().equals(base.get(tensor.getKey()));
        assertThat(tensor.getValue().values().isMapped()).as(tensor.getKey()).isEqualTo(same);
        changed += same ? 0 : 1;
      }
    }
    assertThat(changed).as("an attention, a kernel and a layer of the words").isEqualTo(3);
  }

  @Test
  void the_card_tells_what_each_one_changes() {
    assertThat(offered.card().offeredLoras())
        .containsExactly(
            new LoraAdapter("ink", "ink.lora.safetensors", List.of("unet")),
            new LoraAdapter("paper", "paper.lora.safetensors", List.of("text_encoder", "unet")));
    assertThat(overlay(new LoraChoice("ink", 1)).on("text_encoder").isEmpty()).isTrue();
    assertThat(merged.card().loras()).isNull();
  }

  @Test
  void only_so_many_networks_with_loras_stay_loaded_and_the_others_work_again() {
    try (NetworkCache cache = new NetworkCache(Device.cpu(), Precision.FLOAT32, 1L << 30)) {
      Network plain = cache.network(offered, "text_encoder");
      List<Network> all = new ArrayList<>();
      for (int i = 0; i < NetworkCache.OVERLAID_LIMIT + 2; i++) {
        all.add(cache.network(offered, "text_encoder", overlay(new LoraChoice("paper", 1 + i))));
      }
      assertThat(cache.warm()).hasSize(NetworkCache.OVERLAID_LIMIT + 1);
      assertThat(all.getFirst().ports()).isEqualTo(plain.ports());
      assertThat(cache.warm()).hasSize(NetworkCache.OVERLAID_LIMIT + 1);
      cache.network(offered, "text_encoder", overlay(new LoraChoice("ink", 1)));
      assertThat(cache.warm()).as("which ink leaves alone").hasSize(7);
    }
  }

  @Test
  void some_rows_of_a_change_are_the_change_of_these_rows() {
    Tensor down = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor up = Tensor.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
    LowRankChange change = new LowRankChange(down, up, 2);
    double[] whole = new double[6];
    change.addTo(whole, 0, 1);
    assertThat(whole).containsExactly(1, 2, 3, 4, 4, 6);
    double[] last = new double[4];
    change.rows(1, 2).addTo(last, 0, 1);
    assertThat(last).containsExactly(3, 4, 4, 6);
    double[] second = new double[2];
    change.addTo(second, 2, 1);
    assertThat(second).containsExactly(4, 6);
  }

  @Test
  void what_does_not_fit_is_refused_when_it_is_imported() {
    Tensor down = Tensor.of(new float[] {1}, 1, 1);
    Path wrong = folder.resolve("wrong.safetensors");
    new Safetensors(Map.of("unet.other.lora_A.weight", down, "unet.other.lora_B.weight", down))
        .write(wrong);
    ImportOptions options =
        new ImportOptions(
            "wrong",
            "",
            0,
            0,
            List.of(),
            List.of(new NamedLora("wrong", wrong)),
            SingleFileOptions.NONE,
            null);
    assertThatThrownBy(() -> imported(options))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("no network has unet.other");
    assertThat(folder.resolve("models/wrong")).doesNotExist();
    assertThatThrownBy(() -> NamedLora.parse("ink"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("NAME=FILE");
  }

  private static LoraOverlay overlay(LoraChoice... choices) {
    return LoraOverlay.of(offered.card(), List.of(choices));
  }
}
