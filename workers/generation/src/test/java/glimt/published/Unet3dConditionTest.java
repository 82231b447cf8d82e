package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.BundleException;
import glimt.bundle.NetworkSource;
import java.util.Set;
import org.junit.jupiter.api.Test;

class Unet3dConditionTest {

  @Test
  void an_empty_configuration_is_modelscope_s() {
    NetworkSource source = source("{}");
    assertThat(source.ports()).containsExactly("x", "noise", "encoder_hidden_states");
    assertThat(source.tensors().keySet())
        .contains(
            "transformer_in.proj_in.weight",
            "down_blocks._0.temp_convs._1.conv4._3.weight",
            "down_blocks._2.temp_attentions._1.transformer_blocks._0.attn2.to_out._0.bias",
            "down_blocks._3.temp_convs._1.conv1._2.weight",
            "mid_block.temp_convs._1.conv1._2.bias",
            "up_blocks._3.attentions._2.transformer_blocks._0.ff.net._0.proj.weight")
        .doesNotContain(
            "down_blocks._3.attentions._0.proj_in.weight",
            "down_blocks._3.downsamplers._0.conv.weight",
            "up_blocks._3.upsamplers._0.conv.weight");
  }

  @Test
  void heads_are_counted_by_their_size() {
    String text = text("{\"attention_head_dim\": 32, \"norm_num_groups\": 16}");
    assertThat(text)
        .contains("self.transformer_in.forward(z, frames, 16, 8)")
        .contains("self.temp_attentions._0.forward(z, frames, 16, 10)")
        .contains("self.temp_attentions._0.forward(z, frames, 16, 40)");
  }

  @Test
  void settings_change_the_network() {
    assertThat(source("{\"time_cond_proj_dim\": 256}").ports()).contains("timestep_cond");
    assertThat(text("{\"mid_block_scale_factor\": 2.0}")).contains("(z + h) / 2.0");
    assertThat(text("{\"downsample_padding\": 0}")).contains("constant_pad_nd");
    assertThat(text("{\"act_fn\": \"gelu\"}")).contains("torch.gelu(self.norm1.forward(z");
  }

  @Test
  void what_is_not_implemented_is_refused_by_name() {
    refused("{\"num_attention_heads\": 8}", "num_attention_heads");
    refused(
        "{\"block_out_channels\": [8], \"down_block_types\": [\"DownBlockMotion\"]}",
        "DownBlockMotion");
    refused("{\"up_block_types\": [\"UpBlock3D\"]}", "block_out_channels has 4 entries");
    refused("{\"motion_modules\": 2}", "motion_modules");
  }

  private static void refused(String config, String named) {
    assertThatThrownBy(() -> text(config))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(named);
  }

  private static NetworkSource source(String config) {
    return NetworkSource.parse("unet", text(config));
  }

  private static String text(String json) {
    try (PublishedConfig config = PublishedConfig.parse("unet/config.json", json)) {
      return Unet3dCondition.of(config, Set.of()).source();
    }
  }
}
