package glimt.published;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.BundleException;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A setting that is not implemented is refused by its name, and never passed over. */
class SettingsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          UNet2DConditionModel | "num_attention_heads": 8
          UNet2DConditionModel | "attention_type": "spoken"
          UNet2DConditionModel | "dual_cross_attention": true
          UNet2DConditionModel | "class_embed_type": "spoken"
          UNet2DConditionModel | "addition_embed_type": "image_hint"
          UNet2DConditionModel | "encoder_hid_dim_type": "ip_image_proj"
          UNet2DConditionModel | "time_embedding_type": "spectral"
          UNet2DConditionModel | "resnet_time_scale_shift": "ada_group"
          UNet2DConditionModel | "cross_attention_norm": "batch_norm"
          UNet2DConditionModel | "mid_block_type": "UNetMidBlock3D"
          UNet2DConditionModel | "down_block_types": ["KDownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]
          UNet2DConditionModel | "up_block_types": ["UpBlock2D"]
          UNet2DConditionModel | "attention_head_dim": [8, 8]
          UNet2DConditionModel | "act_fn": "snake"
          UNet2DConditionModel | "brightness": 3
          UNet2DModel          | "downsample_type": "fir"
          UNet2DModel          | "mid_block_type": "UNetMidBlock2DCrossAttn"
          UNet2DModel          | "up_block_types": ["SkipUpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"]
          UNet2DModel          | "class_embed_type": "projection"
          AutoencoderKL.encode | "down_block_types": ["DownBlock2D"]
          AutoencoderKL.decode | "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"]
          CLIPTextModel        | "hidden_act": "snake"
          CLIPTextModel        | "num_hidden_layers": "many"
          DiTTransformer2DModel | "norm_type": "ada_norm_single"
          DiTTransformer2DModel | "activation_fn": "snake"
          DiTTransformer2DModel | "cross_attention_dim": 768
          """)
  void refused(String architecture, String setting) {
    String key = setting.substring(1, setting.indexOf('"', 1));
    String json =
        "{\"_class_name\": \"%s\", %s}".formatted(architecture.replaceAll("\\..*", ""), setting);

    assertThatThrownBy(
            () -> {
              try (PublishedConfig config = PublishedConfig.parse("config.json", json)) {
                Architectures.of(architecture, config, Set.of());
              }
            })
        .isInstanceOf(BundleException.class)
        .hasMessageStartingWith("config.json")
        .hasMessageContaining(key);
  }
}
