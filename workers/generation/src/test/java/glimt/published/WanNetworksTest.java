package glimt.published;

import static glimt.published.TinyNetwork.apart;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WanNetworksTest {
  private static final String SIZES =
      """
      "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 4, "out_channels": 4,
      "text_dim": 8, "freq_dim": 16, "ffn_dim": 20, "num_layers": 2\
      """;
  private static final String IMAGE = ", \"image_dim\": 10, \"added_kv_proj_dim\": 24";

  @Test
  void a_timestep_for_each_token_may_be_the_same_for_all() {
    try (NDManager manager = NDManager.newBaseManager();
        Network network = transformer("").load()) {
      NDArray x = TinyNetwork.values(manager, 1, 2, 4, 4, 6);
      NDArray text = TinyNetwork.values(manager, 1, 5, 8);
      NDArray one =
          network.forward(
              x, manager.create(new float[] {400}), Map.of("encoder_hidden_states", text));
      NDArray each =
          network.forward(
              x, manager.full(new Shape(1, 12), 400f), Map.of("encoder_hidden_states", text));
      assertThat(one.getShape()).isEqualTo(x.getShape());
      assertThat(apart(one, each)).isLessThan(1e-5);
      NDArray first = manager.full(new Shape(1, 12), 400f);
      first.set(new ai.djl.ndarray.index.NDIndex(":, :6"), 0);
      assertThat(apart(one, network.forward(x, first, Map.of("encoder_hidden_states", text))))
          .isGreaterThan(1e-3);
    }
  }

  @Test
  void an_image_whose_values_are_nothing_changes_nothing() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray text = TinyNetwork.values(manager, 1, 512, 8);
      NDArray image = TinyNetwork.values(manager, 1, 7, 10);
      NDArray plain = answer(transformer(""), text, null, manager);
      NDArray seen = answer(transformer(IMAGE), text, image, manager);
      NDArray nothing =
          answer(transformer(IMAGE).withZeros(".*add_v_proj.*"), text, image, manager);
      assertThat(apart(plain, nothing)).isLessThan(1e-5);
      assertThat(apart(plain, seen)).isGreaterThan(1e-3);
    }
  }

  @Test
  void the_first_and_last_image_are_two_rows_at_places_of_their_own() {
    String pair = IMAGE + ", \"pos_embed_seq_len\": 14";
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray text = TinyNetwork.values(manager, 1, 512, 8);
      NDArray images = TinyNetwork.values(manager, 2, 7, 10);
      NDArray one = answer(transformer(pair), text, images, manager);
      NDArray turned = answer(transformer(pair), text, images.flip(0), manager);
      assertThat(one.getShape()).isEqualTo(new Shape(1, 1, 4, 4, 4));
      assertThat(apart(one, turned)).isGreaterThan(1e-4);
    }
  }

  @Test
  void the_norm_before_the_text_can_be_left_out() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray text = TinyNetwork.values(manager, 1, 5, 8);
      NDArray with = answer(transformer(""), text, null, manager);
      NDArray without = answer(transformer(", \"cross_attn_norm\": false"), text, null, manager);
      assertThat(apart(with, without)).isGreaterThan(1e-3);
    }
    assertThatThrownBy(() -> transformer(", \"window_size\": [1, 1]").load())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("window_size");
  }

  /** Both codecs: what comes later changes nothing that came before. */
  @Test
  void the_codecs_are_causal_both_ways() {
    for (boolean residual : new boolean[] {false, true}) {
      try (NDManager manager = NDManager.newBaseManager();
          Network decoder = codec("decode", residual).load();
          Network encoder = codec("encode", residual).load()) {
        NDArray latent = TinyNetwork.values(manager, 1, 3, 4, 2, 3);
        NDArray clip = decoder.call(Map.of("latent", latent)).getFirst();
        NDArray start = decoder.call(Map.of("latent", latent.get(":, :2"))).getFirst();
        long side = residual ? 8 : 4; // a patch of 2
        assertThat(clip.getShape()).isEqualTo(new Shape(1, 9, 3, 2 * side, 3 * side));
        assertThat(apart(clip.get(":, :5"), start)).isLessThan(1e-6);

        NDArray given = TinyNetwork.values(manager, 1, 9, 3, 2 * side, 3 * side);
        NDList whole = encoder.call(Map.of("image", given));
        NDArray first = encoder.call(Map.of("image", given.get(":, :5"))).getFirst();
        assertThat(whole.getFirst().getShape()).isEqualTo(new Shape(1, 3, 4, 2, 3));
        assertThat(whole.stream().map(NDArray::getName))
            .containsExactlyInAnyOrder("mean", "logvar");
        assertThat(apart(whole.getFirst().get(":, :2"), first)).isLessThan(1e-6);
      }
    }
    assertThatThrownBy(() -> codec("encode", ", \"attn_scales\": [1.0]", false).load())
        .hasMessageContaining("attn_scales");
  }

  private static NDArray answer(
      TinyNetwork tiny,
      NDArray text,
      @org.jspecify.annotations.Nullable NDArray image,
      NDManager manager) {
    try (Network network = tiny.load()) {
      Map<String, NDArray> conditions = new LinkedHashMap<>(Map.of("encoder_hidden_states", text));
      if (image != null) {
        conditions.put("encoder_hidden_states_image", image);
      }
      return network.forward(
          TinyNetwork.values(manager, 1, 1, 4, 4, 4),
          manager.create(new float[] {700}),
          conditions);
    }
  }

  private static TinyNetwork transformer(String more) {
    return TinyNetwork.of("WanTransformer3DModel", "{%s%s}".formatted(SIZES, more), shapes(24, 4));
  }

  /** Of a transformer of this width that takes so many channels. */
  static Map<String, long[]> shapes(long d, long channels) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("patch_embedding\\.weight", new long[] {d, channels, 1, 2, 2});
    shapes.put("blocks.*scale_shift_table", new long[] {1, 6, d});
    shapes.put("scale_shift_table", new long[] {1, 2, d});
    shapes.put("proj_out\\.weight", new long[] {16, d});
    shapes.put("proj_out\\.bias", new long[] {16});
    shapes.put(".*time_proj\\.weight", new long[] {6 * d, d});
    shapes.put(".*time_proj\\.bias", new long[] {6 * d});
    shapes.put(".*time_embedder\\.linear_1\\.weight", new long[] {d, 16});
    shapes.put(".*text_embedder\\.linear_1\\.weight", new long[] {d, 8});
    shapes.put(".*pos_embed", new long[] {1, 14, 10});
    shapes.put(".*image_embedder\\.norm1.*", new long[] {10});
    shapes.put(".*image_embedder\\.ff\\.net\\.0\\.proj\\.weight", new long[] {10, 10});
    shapes.put(".*image_embedder\\.ff\\.net\\.0\\.proj\\.bias", new long[] {10});
    shapes.put(".*image_embedder\\.ff\\.net\\.2\\.weight", new long[] {d, 10});
    shapes.put(".*ffn\\.net\\.0\\.proj\\.weight", new long[] {20, d});
    shapes.put(".*ffn\\.net\\.0\\.proj\\.bias", new long[] {20});
    shapes.put(".*ffn\\.net\\.2\\.weight", new long[] {d, 20});
    shapes.put(".*(norm\\w*\\.weight|\\.bias)", new long[] {d});
    shapes.put(".*", new long[] {d, d});
    return shapes;
  }

  private static TinyNetwork codec(String way, boolean residual) {
    return codec(
        way,
        residual
            ? ", \"is_residual\": true, \"patch_size\": 2, \"in_channels\": 12, \"out_channels\":"
                + " 12, \"decoder_base_dim\": 4"
            : "",
        residual);
  }

  private static TinyNetwork codec(String way, String more, boolean residual) {
    String config =
        """
        {"base_dim": 4, "dim_mult": [1, 2, 2], "num_res_blocks": 1, "z_dim": 4,
         "temperal_downsample": [true, true]%s}\
        """
            .formatted(more);
    return TinyNetwork.of("AutoencoderKLWan." + way, config, codecShapes(residual));
  }

  /** Widths 4, 8, 8 down, and up 8, 8, 4; up-sampling halves them without a shortcut. */
  private static Map<String, long[]> codecShapes(boolean residual) {
    long seen = residual ? 12 : 3;
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("quant_conv\\.weight", new long[] {8, 8, 1, 1, 1});
    shapes.put("quant_conv\\.bias", new long[] {8});
    shapes.put("post_quant_conv\\.weight", new long[] {4, 4, 1, 1, 1});
    shapes.put("post_quant_conv\\.bias", new long[] {4});
    shapes.put("encoder\\.conv_in\\.weight", new long[] {4, seen, 3, 3, 3});
    shapes.put("encoder\\.conv_in\\.bias", new long[] {4});
    shapes.put("encoder\\.conv_out\\.weight", new long[] {8, 8, 3, 3, 3});
    shapes.put("decoder\\.conv_in\\.weight", new long[] {8, 4, 3, 3, 3});
    shapes.put("decoder\\.conv_out\\.weight", new long[] {seen, 4, 3, 3, 3});
    shapes.put("decoder\\.conv_out\\.bias", new long[] {seen});
    shapes.put("decoder\\.norm_out\\.gamma", new long[] {4, 1, 1, 1});
    shapes.put(".*attentions.*gamma", new long[] {8, 1, 1});
    shapes.put(".*to_qkv\\.weight", new long[] {24, 8, 1, 1});
    shapes.put(".*to_qkv\\.bias", new long[] {24});
    shapes.put(".*proj\\.weight", new long[] {8, 8, 1, 1});
    String first = "encoder\\.down_blocks\\.0\\.";
    String second = "encoder\\.down_blocks\\.%s\\.".formatted(residual ? "1\\.resnets\\.0" : "2");
    level(shapes, first + (residual ? "resnets\\.0\\." : ""), 4, 4);
    level(shapes, second, 4, 8);
    shapes.put(
        "encoder\\.down_blocks\\.%s\\.resample.*weight"
            .formatted(residual ? "0\\.downsampler" : "1"),
        new long[] {4, 4, 3, 3});
    shapes.put(
        "encoder\\.down_blocks\\.%s\\.time_conv\\.weight"
            .formatted(residual ? "0\\.downsampler" : "1"),
        new long[] {4, 4, 3, 1, 1});
    shapes.put(
        "encoder\\.down_blocks\\.%s\\..*bias".formatted(residual ? "0\\.downsampler" : "1"),
        new long[] {4});
    if (!residual) {
      level(shapes, "decoder\\.up_blocks\\.1\\.resnets\\.0\\.", 4, 8);
      shapes.put("decoder\\.up_blocks\\..*resample\\.1\\.weight", new long[] {4, 8, 3, 3});
      shapes.put("decoder\\.up_blocks\\..*resample\\.1\\.bias", new long[] {4});
    }
    level(shapes, "decoder\\.up_blocks\\.2\\.resnets\\.0\\.", residual ? 8 : 4, 4);
    level(shapes, "decoder\\.up_blocks\\.2\\.resnets\\.1\\.", 4, 4);
    shapes.put("decoder.*time_conv\\.weight", new long[] {16, 8, 3, 1, 1});
    shapes.put("decoder.*time_conv\\.bias", new long[] {16});
    shapes.put(".*resample\\.1\\.weight", new long[] {8, 8, 3, 3});
    shapes.put(".*time_conv\\.weight", new long[] {8, 8, 3, 1, 1});
    shapes.put(".*gamma", new long[] {8, 1, 1, 1});
    shapes.put(".*bias", new long[] {8});
    shapes.put(".*conv.*weight", new long[] {8, 8, 3, 3, 3});
    return shapes;
  }

  private static void level(Map<String, long[]> shapes, String resnet, long from, long to) {
    shapes.put(resnet + "norm1\\.gamma", new long[] {from, 1, 1, 1});
    shapes.put(resnet + "norm2\\.gamma", new long[] {to, 1, 1, 1});
    shapes.put(resnet + "conv1\\.weight", new long[] {to, from, 3, 3, 3});
    shapes.put(resnet + "conv2\\.weight", new long[] {to, to, 3, 3, 3});
    shapes.put(resnet + "conv_shortcut\\.weight", new long[] {to, from, 1, 1, 1});
    shapes.put(resnet + "conv.*bias", new long[] {to});
  }
}
