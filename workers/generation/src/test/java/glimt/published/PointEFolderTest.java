package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.published.PointEFolder.Condition;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PointEFolderTest {
  private Path folder;

  @BeforeEach
  void place(@TempDir Path given) {
    folder = given;
    write("upsample_40m.safetensors", "cond_point_proj.weight", "clip_embed.1.weight");
  }

  @Test
  void a_text_guides_the_first_stage() {
    write("base_40m_textvec.safetensors", "clip_embed.weight");
    PointEFolder found = PointEFolder.of(folder);

    assertThat(found.base().condition()).isEqualTo(Condition.TEXT);
    assertThat(found.base().sampling().guidance().weight()).isEqualTo(3);
    assertThat(found.base().sampling().guided()).isTrue();
    assertThat(found.base().config().className()).isEqualTo("CLIPImagePointDiffusionTransformer");
    assertThat(found.upsampler().condition()).isEqualTo(Condition.IMAGE_GRID);
    assertThat(found.upsampler().sampling().guided()).isFalse();
    assertThat(found.upsampler().config().className())
        .isEqualTo("CLIPImageGridUpsamplePointDiffusionTransformer");
  }

  @Test
  void an_image_guides_both_stages() {
    write("base_300m.safetensors", "clip_embed.1.weight");
    PointEFolder found = PointEFolder.of(folder);

    assertThat(found.base().condition()).isEqualTo(Condition.IMAGE_GRID);
    assertThat(found.base().sampling().guidance().weight()).isEqualTo(3);
    assertThat(found.upsampler().sampling().guidance().weight()).isEqualTo(3);
  }

  @Test
  void an_image_s_vector_guides_both_stages_too() {
    write("base_40m_imagevec.safetensors", "clip_embed.weight");
    PointEFolder found = PointEFolder.of(folder);

    assertThat(found.base().condition()).isEqualTo(Condition.IMAGE);
    assertThat(found.upsampler().sampling().guidance().weight()).isEqualTo(3);
  }

  @Test
  void nothing_guides_a_model_without_conditions() {
    assertThat(PointEFolder.is(folder)).isFalse();
    write("base_40m_uncond.safetensors");
    assertThat(PointEFolder.is(folder)).isTrue();
    PointEFolder found = PointEFolder.of(folder);

    assertThat(found.base().condition()).isEqualTo(Condition.NOTHING);
    assertThat(found.base().sampling().guided()).isFalse();
    assertThat(found.upsampler().sampling().guided()).isFalse();
  }

  @Test
  void what_is_unclear_is_refused() {
    refused("one file base_*.pt");
    write("base_40m.safetensors", "clip_embed.weight");
    refused("its name does not say of what");
    write("base_300m.safetensors", "clip_embed.1.weight");
    refused("base_300m.safetensors");
  }

  private void refused(String told) {
    assertThatThrownBy(() -> PointEFolder.of(folder))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(told);
  }

  private void write(String file, String... more) {
    Map<String, Tensor> tensors = new HashMap<>();
    Tensor any = Tensor.of(new float[6 * 64], 64, 6);
    tensors.put("input_proj.weight", any);
    tensors.put("output_proj.weight", any);
    for (String name : more) {
      tensors.put(name, any);
    }
    new Safetensors(tensors).write(folder.resolve(file));
  }
}
