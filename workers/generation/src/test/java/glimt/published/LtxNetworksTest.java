package glimt.published;

import static glimt.published.TinyNetwork.apart;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LtxNetworksTest {
  private static final String SIZES =
      """
      "num_attention_heads": 2, "attention_head_dim": 8, "in_channels": 4, "out_channels": 4,
      "cross_attention_dim": 16, "caption_channels": 6, "num_layers": 2\
      """;

  @Test
  void biases_that_are_left_out_are_zeros() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray zeros =
          answer(transformer("").withZeros(".*attn.*(to_[qkv]|to_out\\.0)\\.bias"), manager);
      String without = ", \"attention_bias\": false, \"attention_out_bias\": false";
      assertThat(apart(zeros, answer(transformer(without), manager))).isLessThan(1e-6);
      assertThat(apart(zeros, answer(transformer(""), manager))).isGreaterThan(1e-3);
    }
  }

  @Test
  void every_feed_forward_and_learnt_norms_answer_something_else() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray usual = answer(transformer(""), manager);
      for (String name : new String[] {"gelu", "linear-silu", "geglu-approximate"}) {
        NDArray other = answer(transformer(", \"activation_fn\": \"%s\"".formatted(name)), manager);
        assertThat(apart(usual, other)).as(name).isPositive();
      }
      for (String name : new String[] {"geglu", "swiglu"}) {
        TinyNetwork gated = transformer(", \"activation_fn\": \"%s\"".formatted(name));
        gated.shapes().put(".*ff\\.net\\.0\\.proj\\.weight", new long[] {128, 16});
        gated.shapes().put(".*ff\\.net\\.0\\.proj\\.bias", new long[] {128});
        assertThat(apart(usual, answer(gated, manager))).as(name).isPositive();
      }
      String weighted = ", \"norm_elementwise_affine\": true";
      assertThat(apart(usual, answer(transformer(weighted), manager))).isPositive();
    }
    assertThatThrownBy(() -> transformer(", \"qk_norm\": \"layer_norm\"").load())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("qk_norm");
    assertThatThrownBy(() -> transformer(", \"activation_fn\": \"snake\"").load())
        .hasMessageContaining("snake");
  }

  /** Patches of 1 x 2 x 2 make a quarter of the tokens. */
  @Test
  void a_clip_may_be_cut_into_patches() {
    try (NDManager manager = NDManager.newBaseManager();
        Network network = transformer(", \"patch_size\": 2").load()) {
      NDArray x = TinyNetwork.values(manager, 1, 2, 1, 4, 6);
      NDArray answer =
          network.forward(x, manager.create(new float[] {500}), conditions(manager, 12));
      assertThat(answer.getShape()).isEqualTo(x.getShape());
    }
  }

  @Test
  void an_up_sampler_may_double_frames_or_take_them_as_pictures() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray latent = TinyNetwork.values(manager, 1, 3, 4, 2, 3);
      assertThat(enlarged("\"dims\": 3", 4, latent)).isEqualTo(new Shape(1, 3, 4, 4, 6));
      assertThat(enlarged("\"dims\": 2", 4, latent)).isEqualTo(new Shape(1, 3, 4, 4, 6));
      assertThat(enlarged("\"temporal_upsample\": true", 8, latent))
          .isEqualTo(new Shape(1, 5, 4, 4, 6));
      assertThat(enlarged("\"temporal_upsample\": true, \"spatial_upsample\": false", 2, latent))
          .isEqualTo(new Shape(1, 5, 4, 2, 3));
    }
    assertThatThrownBy(() -> upSampler("\"spatial_upsample\": false", 4, false).load())
        .hasMessageContaining("spatial_upsample");
    assertThatThrownBy(() -> upSampler("\"dims\": 2, \"temporal_upsample\": true", 4, false).load())
        .hasMessageContaining("temporal_upsample");
  }

  @Test
  void decoders_that_are_not_implemented_are_refused_by_name() {
    for (String setting :
        new String[] {
          "\"decoder_inject_noise\": [true, false, false]",
          "\"decoder_inject_noise\": [true, true, true, true, true]",
          "\"timestep_conditioning\": true"
        }) {
      PublishedConfig config = PublishedConfig.parse("vae/config.json", "{%s}".formatted(setting));
      assertThatThrownBy(() -> LtxDecoder.of(config, java.util.Set.of()))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining(setting.substring(1, 10));
    }
    PublishedConfig other =
        PublishedConfig.parse(
            "vae/config.json",
            "{\"downsample_type\": [\"fold\"], \"down_block_types\": [\"LTXVideo095DownBlock3D\"],"
                + " \"block_out_channels\": [4, 8]}");
    assertThatThrownBy(() -> LtxEncoder.of(other, java.util.Set.of()))
        .hasMessageContaining("downsample_type");
  }

  private static Shape enlarged(String config, int more, NDArray latent) {
    try (Network network = upSampler(config, more, config.contains("temporal")).load()) {
      return network.call(Map.of("latent", latent)).getFirst().getShape();
    }
  }

  private static TinyNetwork upSampler(String config, long more, boolean inTime) {
    boolean pictures = config.contains("\"dims\": 2");
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("upsampler\\.0\\.weight", kernel(more * 32, 32, !inTime));
    shapes.put("upsampler\\.0\\.bias", new long[] {more * 32});
    shapes.put("initial_conv\\.weight", kernel(32, 4, pictures));
    shapes.put("final_conv\\.weight", kernel(4, 32, pictures));
    shapes.put("final_conv\\.bias", new long[] {4});
    shapes.put(".*(norm.*|bias)", new long[] {32});
    shapes.put(".*", kernel(32, 32, pictures));
    return TinyNetwork.of(
        "LTXLatentUpsamplerModel",
        "{%s, \"num_blocks_per_stage\": 1, \"in_channels\": 4, \"mid_channels\": 32}"
            .formatted(config),
        shapes);
  }

  private static long[] kernel(long to, long from, boolean flat) {
    return flat ? new long[] {to, from, 3, 3} : new long[] {to, from, 3, 3, 3};
  }

  private static NDArray answer(TinyNetwork tiny, NDManager manager) {
    try (Network network = tiny.load()) {
      return network.forward(
          TinyNetwork.values(manager, 1, 2, 4, 2, 3),
          manager.create(new float[] {500}),
          conditions(manager, 12));
    }
  }

  private static Map<String, NDArray> conditions(NDManager manager, int tokens) {
    return Map.of(
        "encoder_hidden_states", TinyNetwork.values(manager, 1, 5, 6),
        "encoder_attention_mask", manager.create(new float[] {1, 1, 1, 0, 0}, new Shape(1, 5)),
        "video_coords", TinyNetwork.values(manager, 1, 3, tokens).mul(9));
  }

  private static TinyNetwork transformer(String more) {
    long d = 16;
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("transformer_blocks.*scale_shift_table", new long[] {6, d});
    shapes.put("scale_shift_table", new long[] {2, d});
    shapes.put("proj_in\\.weight", new long[] {d, 4});
    shapes.put("proj_out\\.weight", new long[] {4, d});
    shapes.put("proj_out\\.bias", new long[] {4});
    shapes.put("time_embed\\.linear\\.weight", new long[] {6 * d, d});
    shapes.put("time_embed\\.linear\\.bias", new long[] {6 * d});
    shapes.put("time_embed.*linear_1\\.weight", new long[] {d, 256});
    shapes.put("caption_projection\\.linear_1\\.weight", new long[] {d, 6});
    shapes.put(".*ff\\.net\\.2\\.weight", new long[] {d, 64});
    if (!more.contains("glu\"")) {
      shapes.put(".*ff\\.net\\.0\\.proj\\.weight", new long[] {64, d});
      shapes.put(".*ff\\.net\\.0\\.proj\\.bias", new long[] {64});
    }
    shapes.put(".*ff\\.net\\.2\\.bias", new long[] {d});
    shapes.put(
        ".*(norm\\w*\\.weight|to_\\w+\\.bias|to_out\\.0\\.bias|linear_.\\.bias|proj_in\\.bias)",
        new long[] {d});
    shapes.put(".*(to_|linear_2).*weight", new long[] {d, d});
    return TinyNetwork.of("LTXVideoTransformer3DModel", "{%s%s}".formatted(SIZES, more), shapes);
  }
}
