package glimt.published;

import static glimt.published.TinyNetwork.apart;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** CLIP's picture encoder against its definition, and what Wan's transformer does with it. */
class ClipVisionTest {
  private static final int D = 6;
  private static final int HEADS = 2;
  private static final int PATCH = 2;
  private static final int SIDE = 4;
  private static final int TOKENS = 1 + SIDE / PATCH * (SIDE / PATCH);
  private static final int LAYERS = 2;

  @Test
  void its_states_are_those_of_the_definition() {
    try (NDManager manager = NDManager.newBaseManager();
        Network network = vision("").load()) {
      NDArray image = TinyNetwork.values(manager, 1, 3, SIDE, SIDE);
      NDList states = network.call(Map.of("image", image));
      double[][] z = embedded(image.toFloatArray());
      for (int layer = 0; layer < LAYERS; layer++) {
        if (layer == LAYERS - 1) {
          assertNear(states, "hidden_states_minus_2", z);
        }
        z = layer(z, "vision_model.encoder.layers." + layer + ".");
      }
      assertNear(states, "last_hidden_state", z);
      assertNear(
          states, "pooler_output", new double[][] {normed(z, "vision_model.post_layernorm.")[0]});
    }
  }

  @Test
  void a_setting_that_is_not_known_is_refused_by_name() {
    assertThatThrownBy(() -> vision(", \"use_head_masks\": true").load())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("use_head_masks");
  }

  @Test
  void the_latents_of_a_picture_are_further_channels_of_the_clip() {
    String sizes =
        """
        {"num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 10, "out_channels": 4,
         "text_dim": 8, "freq_dim": 16, "ffn_dim": 20, "num_layers": 1}\
        """;
    Map<String, long[]> shapes = WanNetworksTest.shapes(24, 10);
    try (NDManager manager = NDManager.newBaseManager();
        Network whole = TinyNetwork.of("WanTransformer3DModel", sizes, shapes).load();
        Network begun = TinyNetwork.of("WanTransformer3DModel.begun", sizes, shapes).load()) {
      NDArray x = TinyNetwork.values(manager, 2, 2, 4, 4, 6);
      NDArray picture = TinyNetwork.values(manager, 2, 2, 6, 4, 6);
      NDArray text = TinyNetwork.values(manager, 2, 5, 8);
      NDArray time = manager.create(new float[] {400, 400});
      NDArray expected =
          whole.forward(x.concat(picture, 2), time, Map.of("encoder_hidden_states", text));
      NDArray made =
          begun.forward(x, time, Map.of("encoder_hidden_states", text, "picture_latents", picture));
      assertThat(apart(made, expected)).isZero();
    }
  }

  private static TinyNetwork vision(String more) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put(".*class_embedding", new long[] {D});
    shapes.put(".*patch_embedding.*", new long[] {D, 3, PATCH, PATCH});
    shapes.put(".*position_embedding.*", new long[] {TOKENS, D});
    shapes.put(".*fc1\\.weight", new long[] {10, D});
    shapes.put(".*fc1\\.bias", new long[] {10});
    shapes.put(".*fc2\\.weight", new long[] {D, 10});
    shapes.put(".*_proj\\.weight", new long[] {D, D});
    shapes.put(".*", new long[] {D});
    String config =
        """
        {"hidden_size": 6, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 2,
         "image_size": 4, "intermediate_size": 10, "hidden_act": "gelu", "num_channels": 3,
         "layer_norm_eps": 1e-05, "projection_dim": 3, "model_type": "clip_vision_model"%s}\
        """
            .formatted(more);
    return TinyNetwork.of("CLIPVisionModel", config, shapes);
  }

  // ---- the definition, in double precision

  private static float[] weights(String name) {
    return vision("").values(name);
  }

  private static double[][] embedded(float[] image) {
    float[] kernel = weights("vision_model.embeddings.patch_embedding.weight");
    float[] places = weights("vision_model.embeddings.position_embedding.weight");
    float[] whole = weights("vision_model.embeddings.class_embedding");
    double[][] z = new double[TOKENS][D];
    for (int token = 0; token < TOKENS; token++) {
      for (int d = 0; d < D; d++) {
        z[token][d] = places[token * D + d] + (token == 0 ? whole[d] : 0);
        for (int c = 0; token > 0 && c < 3; c++) {
          for (int i = 0; i < PATCH * PATCH; i++) {
            int y = (token - 1) / (SIDE / PATCH) * PATCH + i / PATCH;
            int x = (token - 1) % (SIDE / PATCH) * PATCH + i % PATCH;
            z[token][d] +=
                kernel[(d * 3 + c) * PATCH * PATCH + i] * image[(c * SIDE + y) * SIDE + x];
          }
        }
      }
    }
    return normed(z, "vision_model.pre_layrnorm.");
  }

  private static double[][] layer(double[][] z, String at) {
    double[][] h = normed(z, at + "layer_norm1.");
    double[][] q = linear(h, at + "self_attn.q_proj.");
    double[][] k = linear(h, at + "self_attn.k_proj.");
    double[][] v = linear(h, at + "self_attn.v_proj.");
    double[][] seen = new double[TOKENS][D];
    int size = D / HEADS;
    for (int head = 0; head < HEADS; head++) {
      for (int i = 0; i < TOKENS; i++) {
        double[] shares = new double[TOKENS];
        double sum = 0;
        for (int j = 0; j < TOKENS; j++) {
          double product = 0;
          for (int d = head * size; d < (head + 1) * size; d++) {
            product += q[i][d] * k[j][d];
          }
          shares[j] = Math.exp(product / Math.sqrt(size));
          sum += shares[j];
        }
        for (int j = 0; j < TOKENS; j++) {
          for (int d = head * size; d < (head + 1) * size; d++) {
            seen[i][d] += shares[j] / sum * v[j][d];
          }
        }
      }
    }
    double[][] attended = sum(z, linear(seen, at + "self_attn.out_proj."));
    double[][] wide = linear(normed(attended, at + "layer_norm2."), at + "mlp.fc1.");
    for (double[] row : wide) {
      for (int i = 0; i < row.length; i++) {
        row[i] *= 0.5 * (1 + erf(row[i] / Math.sqrt(2)));
      }
    }
    return sum(attended, linear(wide, at + "mlp.fc2."));
  }

  private static double[][] sum(double[][] one, double[][] other) {
    double[][] sum = new double[one.length][D];
    for (int i = 0; i < one.length; i++) {
      for (int d = 0; d < D; d++) {
        sum[i][d] = one[i][d] + other[i][d];
      }
    }
    return sum;
  }

  private static double[][] linear(double[][] z, String at) {
    float[] weight = weights(at + "weight");
    float[] bias = weights(at + "bias");
    int in = z[0].length;
    double[][] out = new double[z.length][bias.length];
    for (int i = 0; i < z.length; i++) {
      for (int o = 0; o < bias.length; o++) {
        out[i][o] = bias[o];
        for (int d = 0; d < in; d++) {
          out[i][o] += weight[o * in + d] * z[i][d];
        }
      }
    }
    return out;
  }

  private static double[][] normed(double[][] z, String at) {
    float[] weight = weights(at + "weight");
    float[] bias = weights(at + "bias");
    double[][] out = new double[z.length][D];
    for (int i = 0; i < z.length; i++) {
      double mean = 0;
      for (double value : z[i]) {
        mean += value / D;
      }
      double variance = 1e-5;
      for (double value : z[i]) {
        variance += (value - mean) * (value - mean) / D;
      }
      for (int d = 0; d < D; d++) {
        out[i][d] = (z[i][d] - mean) / Math.sqrt(variance) * weight[d] + bias[d];
      }
    }
    return out;
  }

  /** By its power series, for small arguments. */
  private static double erf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 60; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  private static void assertNear(NDList states, String name, double[][] expected) {
    float[] values =
        states.stream()
            .filter(state -> name.equals(state.getName()))
            .findFirst()
            .orElseThrow()
            .toFloatArray();
    assertThat(values).hasSize(expected.length * D);
    for (int i = 0; i < values.length; i++) {
      assertThat((double) values[i])
          .as("%s, value %s", name, i)
          .isCloseTo(expected[i / D][i % D], within(1e-5));
    }
  }
}
