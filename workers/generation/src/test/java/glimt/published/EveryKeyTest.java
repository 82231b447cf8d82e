package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.BundleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each key of a published configuration is honoured or refused by name: with another value than its
 * default the network's source is another, or the import names the key. The keys are those of the
 * classes' constructors in diffusers 0.35 and transformers 4.45. What is left are sizes that the
 * tensors themselves have, what training alone needs, and what pipelines read.
 */
class EveryKeyTest {
  private static final String UNET =
      """
      "block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4, "attention_head_dim": 2\
      """;
  private static final String DEEPFLOYD =
      """
      "block_out_channels": [8, 16], "norm_num_groups": 4, "attention_head_dim": 2, \
      "down_block_types": ["ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"], \
      "mid_block_type": "UNetMidBlock2DSimpleCrossAttn", \
      "up_block_types": ["SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"], \
      "class_embed_type": "timestep", "addition_embed_type": "text", "encoder_hid_dim": 6\
      """;
  private static final String CLIP =
      """
      "num_hidden_layers": 2, "num_attention_heads": 2\
      """;

  /** What changes no number of a network whose tensors have its sizes, by class. */
  private static Set<String> silent(String architecture) {
    return switch (architecture) {
      case "UNet2DConditionModel" ->
          Set.of(
              "sample_size",
              "in_channels",
              "out_channels",
              "cross_attention_dim",
              "time_embedding_dim",
              "dropout",
              "use_linear_projection", // the shape of a tensor tells it
              "upcast_attention", // attention is weighed in float32 anyway
              "attention_type"); // of boxes, which nobody gives
      case "UNet2DConditionModel of DeepFloyd" ->
          Set.of("addition_time_embed_dim", "projection_class_embeddings_input_dim");
      case "UNet2DModel" ->
          Set.of("sample_size", "in_channels", "out_channels", "dropout", "num_train_timesteps");
      case "UNet3DConditionModel" ->
          Set.of("sample_size", "in_channels", "out_channels", "cross_attention_dim");
      case "AutoencoderKL" ->
          Set.of(
              "in_channels",
              "out_channels",
              "latent_channels",
              "sample_size",
              "scaling_factor", // the pipelines' from here on
              "shift_factor",
              "latents_mean",
              "latents_std",
              "force_upcast");
      case "AutoencoderKLWan" ->
          Set.of(
              "base_dim",
              "decoder_base_dim",
              "z_dim",
              "dropout",
              "latents_mean",
              "latents_std",
              "in_channels",
              "out_channels",
              "scale_factor_temporal",
              "scale_factor_spatial");
      case "WanTransformer3DModel" ->
          Set.of(
              "in_channels",
              "out_channels",
              "text_dim",
              "ffn_dim",
              "qk_norm", // the class norms them whatever it says
              "rope_max_seq_len",
              "pos_embed_seq_len"); // of a picture's states, which image_dim brings
      case "LTXVideoTransformer3DModel" ->
          Set.of("in_channels", "out_channels", "cross_attention_dim", "caption_channels");
      case "AutoencoderKLLTXVideo" ->
          Set.of(
              "in_channels",
              "out_channels",
              "latent_channels",
              "scaling_factor",
              "downsample_type", // of the later down blocks
              "spatial_compression_ratio",
              "temporal_compression_ratio");
      case "CLIPTextModel" ->
          Set.of(
              "vocab_size",
              "hidden_size",
              "intermediate_size",
              "projection_dim",
              "max_position_embeddings",
              "attention_dropout",
              "initializer_range",
              "initializer_factor",
              "bos_token_id",
              "pad_token_id");
      case "T5EncoderModel", "UMT5EncoderModel" ->
          Set.of(
              "vocab_size",
              "d_model",
              "d_kv",
              "d_ff",
              "num_decoder_layers",
              "relative_attention_num_buckets",
              "dropout_rate",
              "classifier_dropout",
              "initializer_factor",
              "use_cache",
              "pad_token_id",
              "eos_token_id",
              "is_encoder_decoder",
              "scalable_attention", // of Google's files; no class reads it
              "tokenizer_class",
              "tie_word_embeddings");
      default -> Set.of();
    };
  }

  private static String base(String architecture) {
    return switch (architecture) {
      case "UNet2DConditionModel of DeepFloyd" -> DEEPFLOYD;
      case "UNet2DConditionModel", "UNet2DModel", "UNet3DConditionModel" -> UNET;
      case "CLIPTextModel" -> CLIP;
      default -> "\"_diffusers_version\": \"0.35.2\"";
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          UNet2DConditionModel | "sample_size": [64, 96]; "in_channels": 9; "out_channels": 8; "center_input_sample": true; "flip_sin_to_cos": false; "freq_shift": 1; "down_block_types": ["DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]; "mid_block_type": null; "mid_block_type": "UNetMidBlock2D"; "up_block_types": ["UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"]; "only_cross_attention": true; "only_cross_attention": [true, false, false, false]; "block_out_channels": [8, 16, 16, 16]; "layers_per_block": 1; "layers_per_block": [1, 2, 2, 2]; "downsample_padding": 0; "mid_block_scale_factor": 2; "dropout": 0.1; "act_fn": "gelu"; "norm_num_groups": 2; "norm_num_groups": null; "norm_eps": 1e-3; "cross_attention_dim": 7; "transformer_layers_per_block": 2; "transformer_layers_per_block": [1, 2, 1, 1]; "transformer_layers_per_block": [[1, 2], 1, 1, 1]; "reverse_transformer_layers_per_block": [1, 2, 1, 1]; "encoder_hid_dim": 6; "attention_head_dim": 4; "attention_head_dim": [1, 2, 4, 4]; "num_attention_heads": 4; "dual_cross_attention": true; "use_linear_projection": true; "class_embed_type": "timestep"; "class_embed_type": "projection"; "class_embed_type": "simple_projection"; "class_embed_type": "identity"; "addition_embed_type": "text"; "addition_embed_type": "image"; "num_class_embeds": 10; "upcast_attention": true; "resnet_time_scale_shift": "scale_shift"; "time_embedding_type": "fourier"; "time_embedding_dim": 16; "time_embedding_act_fn": "silu"; "timestep_post_act": "silu"; "time_cond_proj_dim": 5; "conv_in_kernel": 5; "conv_out_kernel": 5; "attention_type": "gated-boxes"; "attention_type": "gated"
          UNet2DConditionModel of DeepFloyd | "class_embeddings_concat": true; "mid_block_only_cross_attention": true; "only_cross_attention": true; "cross_attention_norm": "layer_norm"; "cross_attention_norm": "group_norm"; "resnet_skip_time_act": true; "resnet_out_scale_factor": 2; "addition_embed_type_num_heads": 4; "encoder_hid_dim_type": "image_proj"; "encoder_hid_dim_type": "text_image_proj"; "mid_block_scale_factor": 2; "resnet_time_scale_shift": "scale_shift"; "addition_time_embed_dim": 8; "addition_embed_type": "text_image"; "projection_class_embeddings_input_dim": 12; "attention_head_dim": 4
          UNet2DModel | "sample_size": 16; "in_channels": 1; "out_channels": 6; "center_input_sample": true; "time_embedding_type": "fourier"; "time_embedding_type": "adm"; "freq_shift": 1; "flip_sin_to_cos": false; "down_block_types": ["DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]; "mid_block_type": null; "up_block_types": ["UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"]; "block_out_channels": [8, 16, 16, 16]; "layers_per_block": 1; "mid_block_scale_factor": 2; "downsample_padding": 0; "downsample_type": "resnet"; "upsample_type": "resnet"; "dropout": 0.1; "act_fn": "gelu"; "attention_legacy_order": true; "attention_head_dim": 4; "attention_head_dim": null; "norm_num_groups": 2; "norm_num_groups": null; "attn_norm_num_groups": 2; "norm_eps": 1e-3; "resnet_time_scale_shift": "scale_shift"; "add_attention": false; "class_embed_type": "timestep"; "num_class_embeds": 10; "num_train_timesteps": 500
          UNet3DConditionModel | "sample_size": 16; "in_channels": 5; "out_channels": 5; "down_block_types": ["DownBlock3D", "DownBlock3D", "DownBlock3D", "DownBlock3D"]; "up_block_types": ["UpBlock3D", "UpBlock3D", "UpBlock3D", "UpBlock3D"]; "block_out_channels": [8, 16, 16, 16]; "layers_per_block": 1; "downsample_padding": 0; "mid_block_scale_factor": 2; "act_fn": "gelu"; "norm_num_groups": 2; "norm_num_groups": null; "norm_eps": 1e-3; "cross_attention_dim": 8; "attention_head_dim": 4; "attention_head_dim": [1, 2, 4, 4]; "num_attention_heads": 2; "time_cond_proj_dim": 5
          AutoencoderKL | "in_channels": 4; "out_channels": 4; "down_block_types": ["AttnDownEncoderBlock2D"]; "up_block_types": ["AttnUpDecoderBlock2D"]; "block_out_channels": [32, 64]; "layers_per_block": 2; "act_fn": "gelu"; "latent_channels": 16; "norm_num_groups": 4; "norm_num_groups": null; "sample_size": 64; "scaling_factor": 0.5; "shift_factor": 0.1; "latents_mean": [0.1]; "latents_std": [0.1]; "force_upcast": false; "use_quant_conv": false; "use_post_quant_conv": false; "mid_block_add_attention": false
          AutoencoderKLWan | "base_dim": 32; "decoder_base_dim": 32; "z_dim": 48; "dim_mult": [1, 2, 2, 4]; "num_res_blocks": 1; "attn_scales": [1.0]; "temperal_downsample": [false, false, true]; "dropout": 0.1; "latents_mean": [1.0]; "latents_std": [1.0]; "is_residual": true; "in_channels": 12; "out_channels": 12; "patch_size": 2; "scale_factor_temporal": 8; "scale_factor_spatial": 16; "clip_output": false
          WanTransformer3DModel | "patch_size": [1, 4, 4]; "num_attention_heads": 2; "attention_head_dim": 12; "in_channels": 36; "out_channels": 48; "text_dim": 9; "freq_dim": 16; "ffn_dim": 7; "num_layers": 2; "cross_attn_norm": false; "qk_norm": null; "eps": 1e-3; "image_dim": 10; "added_kv_proj_dim": 24; "rope_max_seq_len": 512; "pos_embed_seq_len": 514
          LTXVideoTransformer3DModel | "in_channels": 8; "out_channels": 8; "patch_size": 2; "patch_size_t": 2; "num_attention_heads": 2; "attention_head_dim": 8; "cross_attention_dim": 16; "num_layers": 2; "activation_fn": "gelu"; "qk_norm": "layer_norm"; "norm_elementwise_affine": true; "norm_eps": 1e-3; "caption_channels": 9; "attention_bias": false; "attention_out_bias": false
          AutoencoderKLLTXVideo | "in_channels": 4; "out_channels": 4; "latent_channels": 8; "block_out_channels": [8, 16, 32, 64]; "down_block_types": ["LTXVideo095DownBlock3D", "LTXVideo095DownBlock3D", "LTXVideo095DownBlock3D", "LTXVideo095DownBlock3D"]; "decoder_block_out_channels": [8, 16, 32, 64]; "layers_per_block": [1, 1, 1, 1, 1]; "decoder_layers_per_block": [1, 1, 1, 1, 1]; "spatio_temporal_scaling": [true, true, false, false]; "decoder_spatio_temporal_scaling": [true, true, false, false]; "decoder_inject_noise": [true, false, false, false, false]; "downsample_type": ["spatial", "temporal", "spatiotemporal", "spatiotemporal"]; "upsample_residual": [true, true, true, true]; "upsample_factor": [2, 2, 2, 2]; "timestep_conditioning": true; "patch_size": 2; "patch_size_t": 2; "resnet_norm_eps": 1e-3; "scaling_factor": 2.0; "encoder_causal": false; "decoder_causal": true; "spatial_compression_ratio": 16; "temporal_compression_ratio": 4
          CLIPTextModel | "vocab_size": 9; "hidden_size": 8; "intermediate_size": 9; "projection_dim": 7; "num_hidden_layers": 3; "num_attention_heads": 4; "max_position_embeddings": 20; "hidden_act": "gelu"; "layer_norm_eps": 1e-3; "attention_dropout": 0.1; "initializer_range": 0.1; "initializer_factor": 2.0; "pad_token_id": 0; "bos_token_id": 5; "eos_token_id": 2; "is_decoder": true
          T5EncoderModel | "vocab_size": 9; "d_model": 8; "d_kv": 4; "d_ff": 9; "num_layers": 2; "num_decoder_layers": 3; "num_heads": 2; "relative_attention_num_buckets": 16; "relative_attention_max_distance": 64; "dropout_rate": 0.2; "layer_norm_epsilon": 1e-3; "initializer_factor": 2.0; "feed_forward_proj": "gated-gelu"; "feed_forward_proj": "gated-swish"; "use_cache": false; "pad_token_id": 3; "eos_token_id": 4; "classifier_dropout": 0.1; "is_decoder": true; "is_gated_act": true; "dense_act_fn": "silu"
          UMT5EncoderModel | "vocab_size": 9; "d_model": 8; "d_kv": 4; "d_ff": 9; "num_layers": 2; "num_decoder_layers": 3; "num_heads": 2; "relative_attention_num_buckets": 16; "relative_attention_max_distance": 64; "dropout_rate": 0.2; "layer_norm_epsilon": 1e-3; "initializer_factor": 2.0; "feed_forward_proj": "relu"; "is_encoder_decoder": true; "scalable_attention": true; "use_cache": false; "tokenizer_class": "T5Tokenizer"; "tie_word_embeddings": false; "pad_token_id": 3; "eos_token_id": 4; "classifier_dropout": 0.1; "is_gated_act": false; "dense_act_fn": "silu"
          """)
  void honoured_or_refused_by_name(String architecture, String settings) {
    List<String> passedOver = new ArrayList<>();
    String base = base(architecture);
    String usual = source(architecture, base);
    for (String setting : settings.split("; ", -1)) {
      String key = setting.substring(1, setting.indexOf('"', 1));
      String other;
      try {
        other = source(architecture, with(base, key, setting));
      } catch (BundleException refused) {
        assertThat(refused).as(setting).hasMessageContaining(key);
        continue;
      }
      if (other.equals(usual) != silent(architecture).contains(key)) {
        passedOver.add(setting);
      }
    }
    assertThat(passedOver)
        .as("neither honoured nor refused, or no size: %s", architecture)
        .isEmpty();
  }

  /** The base's settings with another one. */
  private static String with(String base, String key, String setting) {
    String rest = base.replaceAll("\"%s\": (\\[[^]]*\\]|[^,]*),? ?".formatted(key), "");
    String clean = rest.strip().replaceAll(",$", "");
    return clean.isEmpty() ? setting : clean + ", " + setting;
  }

  /** The sources of all networks of a class. */
  private static String source(String title, String settings) {
    String architecture = title.replaceAll(" of .*", "");
    String json = "{\"_class_name\": \"%s\", %s}".formatted(architecture, settings);
    StringBuilder all = new StringBuilder();
    for (String name : Architectures.names()) {
      if (name.equals(architecture)
          || name.equals(architecture + ".decode")
          || name.equals(architecture + ".encode")) {
        try (PublishedConfig config = PublishedConfig.parse("config.json", json)) {
          all.append(Architectures.of(name, config, Set.of()).source());
        }
      }
    }
    return all.toString();
  }
}
