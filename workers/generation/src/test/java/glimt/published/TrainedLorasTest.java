package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.Bundle;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import glimt.published.ImportOptions.LoraFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LoRA as the common trainers write them, of whole models. */
class TrainedLorasTest {
  private static final Path MODELS = Path.of("src/test/resources/golden-models");
  private static final Path ONE = MODELS.resolve("stable-diffusion/sd1-pndm");
  private static final Path XL = MODELS.resolve("stable-diffusion-xl/base-euler");

  @TempDir Path folder;

  @Test
  void the_names_of_the_authors_are_those_of_a_single_file() {
    int compared = 0;
    for (Path published : List.of(ONE, XL)) {
      JsonNode config = GoldenCase.json(published.resolve("unet/config.json"));
      Map<String, Tensor> tensors = weights(published, "unet").tensors();
      LdmUnetNames names = new LdmUnetNames(tensors.keySet());
      for (String name : tensors.keySet()) {
        int end = name.lastIndexOf('.');
        String original = OriginalLayout.unet(name, config);
        assertThat(names.of(name.substring(0, end)) + name.substring(end))
            .as(name)
            .isEqualTo(original);
        compared += original.equals(name) ? 0 : 1;
      }
    }
    assertThat(compared).isGreaterThan(200);
  }

  /** Its U-Net in the authors' names, both text encoders, a kernel, and ranks that differ. */
  @Test
  void a_lora_of_kohya_for_xl_changes_all_its_networks() {
    Map<String, Tensor> lora = new TreeMap<>();
    Map<String, float[]> expected = new HashMap<>();
    JsonNode config = GoldenCase.json(XL.resolve("unet/config.json"));
    String attention = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight";
    String kernel = "up_blocks.0.resnets.1.conv1.weight";
    String words = "text_model.encoder.layers.0.self_attn.q_proj.weight";
    for (String name : List.of(attention, kernel)) {
      String module = OriginalLayout.unet(name, config).replaceFirst("\\.weight$", "");
      String flat = "lora_unet_" + module.replace('.', '_');
      expected.put(name, change(lora, flat, weights(XL, "unet").get(name), lora.size() + 1, 0.5));
    }
    String flat = words.replaceFirst("\\.weight$", "").replace('.', '_');
    Tensor first = weights(XL, "text_encoder").get(words);
    Tensor second = weights(XL, "text_encoder_2").get(words);
    expected.put("1", change(lora, "lora_te1_" + flat, first, 3, 0.5));
    expected.put("2", change(lora, "lora_te2_" + flat, second, 1, 0.5));
    Path styled = imported(XL, lora, 0.5);

    Map<String, Tensor> unet = Safetensors.map(styled.resolve(Bundle.merged("unet"))).tensors();
    assertThat(unet).hasSize(2);
    for (String name : List.of(attention, kernel)) {
      String path = name.replaceAll("\\.(\\d)", "._$1");
      near(
          Objects.requireNonNull(unet.get(path), path),
          Objects.requireNonNull(expected.get(name)),
          Dtype.F16);
    }
    for (String number : List.of("1", "2")) {
      String network = "text_encoder" + (number.equals("1") ? "" : "_2");
      Map<String, Tensor> text = Safetensors.map(styled.resolve(Bundle.merged(network))).tensors();
      assertThat(text).hasSize(1);
      near(
          text.values().iterator().next(),
          Objects.requireNonNull(expected.get(number)),
          first.dtype());
    }
    assertThat(Bundle.open(styled).card().notes()).containsEntry("merged", "lora at 0.5");
  }

  /** Adds a random change of a module, and answers what it makes of the base at a weight. */
  private static float[] change(
      Map<String, Tensor> lora, String module, Tensor base, int rank, double weight) {
    long outputs = base.shape().getFirst();
    int inputs = base.size() / (int) outputs;
    List<Long> down = new ArrayList<>(base.shape());
    down.set(0, (long) rank);
    List<Long> up = new ArrayList<>(base.shape().stream().map(_ -> 1L).toList());
    up.set(0, outputs);
    up.set(1, (long) rank);
    float[] a = values(rank * inputs, 1);
    float[] b = values((int) outputs * rank, 2);
    lora.put(module + ".lora_down.weight", Tensor.of(a, array(down)));
    lora.put(module + ".lora_up.weight", Tensor.of(b, array(up)));
    lora.put(module + ".alpha", Tensor.of(new float[] {2}));
    float[] changed = base.floats();
    for (int i = 0; i < changed.length; i++) {
      double sum = 0;
      for (int r = 0; r < rank; r++) {
        sum += (double) b[i / inputs * rank + r] * a[r * inputs + i % inputs];
      }
      changed[i] += (float) (weight * 2 / rank * sum);
    }
    return changed;
  }

  private static float[] values(int count, int seed) {
    java.util.Random random = new java.util.Random(31L * count + seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return values;
  }

  private static long[] array(List<Long> shape) {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  private static void near(Tensor made, float[] expected, Dtype format) {
    assertThat(made.dtype()).isEqualTo(format);
    float[] values = made.floats();
    for (int i = 0; i < values.length; i++) {
      float bound = format == Dtype.F32 ? 1e-6f : 1e-3f * Math.abs(expected[i]) + 1e-6f;
      assertThat(values[i]).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(bound));
    }
  }

  @Test
  void changes_of_other_kinds_are_refused_by_their_names() {
    Tensor any = Tensor.of(new float[] {1, 2}, 1, 2);
    String module = "lora_unet_mid_block_attentions_0_proj_in";
    Map<String, String> kinds =
        Map.of(
            ".dora_scale", "a DoRA",
            ".lora_magnitude_vector", "a DoRA",
            ".hada_w1_a", "a LoHa",
            ".lokr_w2", "a LoKr",
            ".oft_blocks", "an OFT",
            ".lora_mid.weight", "a LoCon in Tucker's form",
            ".lora_up.bias", "a LoRA with biases",
            ".diff_b", "a difference of whole tensors");
    kinds.forEach(
        (key, kind) ->
            assertThatThrownBy(() -> imported(ONE, Map.of(module + key, any), 1))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining(module + key)
                .hasMessageContaining("belongs to " + kind + ", which is not implemented"));
    assertThat(folder.resolve("models")).isEmptyDirectory();
  }

  @Test
  void a_lora_of_another_base_is_refused_with_the_shapes_that_differ() {
    String module = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k";
    Tensor other = weights(XL, "unet").get(module + ".weight");
    Tensor here = weights(ONE, "unet").get(module + ".weight");
    assertThat(other.shape()).isNotEqualTo(here.shape());
    Map<String, Tensor> lora = new TreeMap<>();
    change(lora, "lora_unet_" + module.replace('.', '_'), other, 2, 1);
    assertThatThrownBy(() -> imported(ONE, lora, 1))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("which does not fit %s.weight of %s".formatted(module, here.shape()));

    Map<String, Tensor> beyond = new TreeMap<>();
    change(beyond, "lora_te2_text_model_encoder_layers_0_mlp_fc1", here, 2, 1);
    assertThatThrownBy(() -> imported(ONE, beyond, 1))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(
            "no network has lora_te2_text_model_encoder_layers_0_mlp_fc1 of " + here.shape());
    assertThat(folder.resolve("models")).isEmptyDirectory();
  }

  @Test
  void what_peft_says_beside_the_tensors_is_honoured() throws IOException {
    Tensor down = Tensor.of(new float[] {1, 0, 0, 1, 0, 0, 0, 0}, 4, 2);
    Tensor up = Tensor.of(new float[] {1, 0, 0, 0}, 1, 4);
    Map<String, Tensor> tensors =
        Map.of("unet.mid.to_q.lora_A.weight", down, "unet.mid.to_q.lora_B.weight", up);
    assertThat(alpha(tensors, "{\"unet.r\": 4, \"unet.lora_alpha\": 8}")).isEqualTo(8);
    assertThat(alpha(tensors, "{\"unet.lora_alpha\": 8, \"unet.use_rslora\": true}")).isEqualTo(16);
    assertThat(
            alpha(
                tensors, "{\"unet.lora_alpha\": 8, \"unet.alpha_pattern\": {\"mid.to_[qk]\": 3}}"))
        .isEqualTo(3);
    assertThatThrownBy(() -> alpha(tensors, "{\"unet.lora_alpha\": 8, \"unet.use_dora\": true}"))
        .hasMessageContaining("use_dora is true, which is not implemented");
    assertThatThrownBy(() -> alpha(tensors, "{\"transformer.lora_alpha\": 8}"))
        .hasMessageContaining("say nothing of unet.mid.to_q");

    Path adapter = Files.createDirectories(folder.resolve("adapter"));
    new Safetensors(
            Map.of(
                "base_model.model.mid.to_q.lora_A.weight", down,
                "base_model.model.mid.to_q.lora_B.weight", up))
        .write(adapter.resolve("adapter_model.safetensors"));
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 2, \"use_dora\": false}");
    assertThat(only(Lora.of(adapter))).isEqualTo(2);
  }

  private double alpha(Map<String, Tensor> tensors, String settings) {
    Path file = folder.resolve("peft.safetensors");
    new Safetensors(tensors, Map.of(LoraSettings.METADATA, settings)).write(file);
    return only(Lora.of(file));
  }

  private static double only(Lora lora) {
    assertThat(lora.changes()).hasSize(1);
    return lora.changes().values().iterator().next().alpha();
  }

  private static Safetensors weights(Path published, String component) {
    return PublishedWeights.in(published.resolve(component), "").map();
  }

  private Path imported(Path published, Map<String, Tensor> lora, double weight) {
    Path file = folder.resolve("lora");
    new Safetensors(lora).write(file);
    ImportOptions options =
        new ImportOptions("styled", "", 0, 0, List.of(new LoraFile(file, weight)));
    try (BundleImport bundle =
        BundleImport.of(published, Files.createDirectories(folder.resolve("models")), options)) {
      return bundle.install();
    } catch (IOException broken) {
      throw new java.io.UncheckedIOException(broken);
    }
  }
}
