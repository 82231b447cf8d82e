package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Bundle;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.published.ImportOptions.LoraFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Low-rank changes, W + s B A, with s alpha by the rank. */
class LorasTest {
  private static final Path PUBLISHED =
      Path.of("src/test/resources/golden-models/stable-diffusion/sd1-pndm");

  /** A 2 x 3 matrix, and a change of rank 1 that adds {{3, 4, 5}, {6, 8, 10}} times its scale. */
  private static final Tensor BASE = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);

  private static final Tensor DOWN = Tensor.of(new float[] {3, 4, 5}, 1, 3);
  private static final Tensor UP = Tensor.of(new float[] {1, 2}, 2, 1);

  @TempDir Path folder;

  @Test
  void every_spelling_changes_the_same_matrix() {
    for (String module :
        List.of("unet.mid.attn.to_q", "base_model.model.mid.attn.to_q", "mid.attn.to_q")) {
      changed(Map.of(module + ".lora_A.weight", DOWN, module + ".lora_B.weight", UP));
    }
    changed(
        Map.of(
            "unet.mid.attn.to_q.lora.down.weight", DOWN, "unet.mid.attn.to_q.lora.up.weight", UP));
    changed(
        Map.of(
            "unet.mid.attn.processor.to_q_lora.down.weight", DOWN,
            "unet.mid.attn.processor.to_q_lora.up.weight", UP));
    changed(
        Map.of(
            "lora_unet_mid_attn_to_q.lora_down.weight", DOWN,
            "lora_unet_mid_attn_to_q.lora_up.weight", UP));
  }

  private void changed(Map<String, Tensor> lora) {
    assertThat(merged(List.of(new LoraFile(file("one", lora), 1))))
        .as("%s", lora.keySet())
        .containsExactly(4, 6, 8, 10, 13, 16);
  }

  @Test
  void alpha_the_rank_and_weights_scale_changes_that_add_up() {
    String module = "lora_unet_mid_attn_to_q";
    Path first =
        file(
            "first",
            Map.of(
                module + ".lora_down.weight", Tensor.of(new float[] {1, 0, 0, 0, 1, 0}, 2, 3),
                module + ".lora_up.weight", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2),
                module + ".alpha", Tensor.of(new float[] {1})));
    // 1/2 {{1, 2, 0}, {3, 4, 0}} at the weight 2, and {{3, 4, 5}, {6, 8, 10}} at -1
    Path second =
        file("second", Map.of(module + ".lora_down.weight", DOWN, module + ".lora_up.weight", UP));
    assertThat(merged(List.of(new LoraFile(first, 2), new LoraFile(second, -1))))
        .containsExactly(1 + 1 - 3, 2 + 2 - 4, 3 - 5, 4 + 3 - 6, 5 + 4 - 8, 6 - 10);
  }

  @Test
  void a_change_of_a_kernel_is_one_of_its_rows() {
    Tensor base = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 1, 2, 2);
    String module = "unet.conv";
    Path file =
        file(
            "kernel",
            Map.of(
                module + ".lora_down.weight", Tensor.of(new float[] {1, 0, 0, 2}, 1, 1, 2, 2),
                module + ".lora_up.weight", Tensor.of(new float[] {1, 10}, 2, 1, 1, 1)));
    Loras loras = new Loras(List.of(new LoraFile(file, 1)));
    Map<String, Tensor> all = loras.merged("unet", new Safetensors(Map.of("conv.weight", base)));
    Tensor merged = new Safetensors(all).get("conv.weight");
    assertThat(merged.floats()).containsExactly(2, 2, 3, 6, 15, 6, 7, 28);
    assertThat(merged.shape()).isEqualTo(base.shape());
  }

  @Test
  void what_does_not_fit_is_refused_by_name() {
    refused(
        Map.of("unet.other.lora_A.weight", DOWN, "unet.other.lora_B.weight", UP),
        "no network has unet.other");
    refused(
        Map.of("unet.mid.attn.to_q.lora_A.weight", UP, "unet.mid.attn.to_q.lora_B.weight", DOWN),
        "which does not fit mid.attn.to_q.weight of [2, 3]");
    refused(Map.of("unet.mid.attn.to_q.lora_A.weight", DOWN), "needs two matrices");
    refused(Map.of("unet.mid.attn.to_q.dora_scale", DOWN), "dora_scale belongs to a DoRA");
    assertThatThrownBy(() -> LoraFile.parse("one.safetensors:much"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not much");
    assertThat(LoraFile.parse("one.safetensors:0.5"))
        .isEqualTo(new LoraFile(Path.of("one.safetensors"), 0.5));
    assertThat(LoraFile.parse("a/one.safetensors").weight()).isEqualTo(1);
  }

  @Test
  void an_import_merges_copies_and_links_to_all_the_rest() throws Exception {
    String module = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    Path weights = PUBLISHED.resolve("unet/diffusion_pytorch_model.safetensors");
    Tensor base = Safetensors.map(weights).get(module + ".weight");
    long outputs = base.shape().getFirst();
    long inputs = base.shape().getLast();
    float[] down = new float[(int) inputs];
    float[] up = new float[(int) outputs];
    down[1] = 2;
    up[0] = 3;
    Path lora =
        file(
            "style",
            Map.of(
                "unet." + module + ".lora_A.weight", Tensor.of(down, 1, inputs),
                "unet." + module + ".lora_B.weight", Tensor.of(up, outputs, 1)));
    Path plain = imported(new ImportOptions("plain", "", 0, 0));
    Path styled = imported(new ImportOptions("styled", "", 0, 0, List.of(new LoraFile(lora, 0.5))));
    assertThat(Files.isSameFile(styled.resolve("unet.safetensors"), weights)).isTrue();
    Map<String, Tensor> merged = Safetensors.map(styled.resolve(Bundle.merged("unet"))).tensors();
    assertThat(merged).hasSize(1);
    float[] expected = base.floats();
    expected[1] += 3;
    assertThat(merged.values().iterator().next().floats()).isEqualTo(expected);
    assertThat(Bundle.open(styled).digest()).isNotEqualTo(Bundle.open(plain).digest());
    assertThat(Bundle.card(styled).notes()).containsEntry("merged", "style.safetensors at 0.5");
    assertThat(Bundle.card(styled).files()).containsKey(Bundle.merged("unet"));
  }

  private Path imported(ImportOptions options) {
    try (BundleImport bundle = BundleImport.of(PUBLISHED, folder.resolve("models"), options)) {
      return bundle.install();
    }
  }

  private float[] merged(List<LoraFile> files) {
    Loras loras = new Loras(files);
    Map<String, Tensor> merged =
        loras.merged(
            "unet",
            new Safetensors(
                new TreeMap<>(Map.of("mid.attn.to_q.weight", BASE, "mid.attn.to_k.weight", BASE))));
    loras.close();
    assertThat(merged).containsOnlyKeys("mid.attn.to_q.weight");
    return new Safetensors(merged).get("mid.attn.to_q.weight").floats();
  }

  private void refused(Map<String, Tensor> lora, String told) {
    Path file = file("wrong", lora);
    assertThatThrownBy(() -> merged(List.of(new LoraFile(file, 1))))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(told);
  }

  private Path file(String name, Map<String, Tensor> tensors) {
    Path file = folder.resolve(name + ".safetensors");
    new Safetensors(tensors).write(file);
    return file;
  }
}
