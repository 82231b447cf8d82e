package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PointTransformerTest {
  private static final String SIZES =
      "\"layers\": 2, \"heads\": 2, \"width\": 128, \"output_channels\": 12, \"cond_drop_prob\": 0.1";
  private static final int FEATURES = 5;

  @Test
  void a_file_without_a_configuration_is_known_by_its_tensors() {
    for (String name : named()) {
      Safetensors weights =
          weights(config(name, ", \"time_token_cond\": true, \"token_cond\": true"));
      PublishedConfig found = PointTransformer.config("base_40m.pt", weights);

      assertThat(found.className()).isEqualTo(name);
      assertThat(found.integer("layers", 0)).isEqualTo(2);
      assertThat(found.integer("width", 0)).isEqualTo(128);
      assertThat(found.integer("heads", 0)).isEqualTo(2);
      assertThat(found.integer("output_channels", 0)).isEqualTo(12);
      assertThat(found.flag("time_token_cond", false)).isTrue();
      PublishedNetwork network = PointTransformer.of(found, weights.tensors().keySet());
      assertThat(network.weights("base_40m.pt", weights).tensors())
          .hasSameSizeAs(weights.tensors());
    }
    assertThatThrownBy(() -> PointTransformer.config("sdf.pt", new Safetensors(Map.of())))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("input_proj.weight");
  }

  /** Points are a set: another order of them gives the answers in that order. */
  @Test
  void every_class_answers_each_point_wherever_it_stands() {
    try (NDManager manager = NDManager.newBaseManager()) {
      for (String name : named()) {
        for (String more : new String[] {"", ", \"time_token_cond\": true"}) {
          PublishedConfig config = config(name, more);
          Safetensors weights = weights(config);
          try (Network network = network(config, weights)) {
            NDArray x = random(manager, 2, 4, 6);
            boolean grid = name.contains("Grid");
            NDArray plain = answer(network, x, grid, manager);
            NDArray turned = answer(network, x.flip(1), grid, manager).flip(1);
            assertThat(plain.getShape()).isEqualTo(new Shape(2, 4, 12));
            assertThat(turned.sub(plain).abs().max().getFloat()).isLessThan(1e-5f);
          }
        }
      }
    }
  }

  @Test
  void settings_that_are_not_implemented_are_refused() {
    PublishedConfig tuned =
        config("CLIPImagePointDiffusionTransformer", ", \"frozen_clip\": false");
    assertThatThrownBy(() -> PointTransformer.of(tuned, Set.of()))
        .hasMessageContaining("frozen_clip");
    PublishedConfig other = config("PointDiffusionPerceiver", "");
    assertThatThrownBy(() -> PointTransformer.of(other, Set.of()))
        .hasMessageContaining("PointDiffusionPerceiver");
    PublishedConfig scaled = config("PointDiffusionTransformer", ", \"channel_scales\": [1]");
    PointTransformer.of(scaled, Set.of());
    assertThatThrownBy(scaled::close).hasMessageContaining("channel_scales");
  }

  private static String[] named() {
    return new String[] {
      "PointDiffusionTransformer",
      "CLIPImagePointDiffusionTransformer",
      "CLIPImageGridPointDiffusionTransformer",
      "UpsamplePointDiffusionTransformer",
      "CLIPImageGridUpsamplePointDiffusionTransformer"
    };
  }

  private static PublishedConfig config(String name, String more) {
    return PublishedConfig.parse("config", "{\"name\": \"%s\", %s%s}".formatted(name, SIZES, more));
  }

  private static Network network(PublishedConfig config, Safetensors weights) {
    String source = PointTransformer.of(config, weights.tensors().keySet()).source();
    return Network.load(
        "points",
        NetworkSource.parse("points", source),
        new PublishedNetwork(source).weights("points", weights),
        Precision.FLOAT32,
        Device.cpu());
  }

  /** Weights for a configuration, by the names and shapes that Point-E publishes. */
  private static Safetensors weights(PublishedConfig config) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Random random = new Random(1);
    String source = PointTransformer.of(config, Set.of()).source();
    for (String path : NetworkSource.parse("points", source).tensors().keySet()) {
      String name = PublishedNetwork.publishedName(path);
      tensors.put(name, tensor(random, shape(name)));
    }
    return new Safetensors(tensors);
  }

  private static long[] shape(String name) {
    boolean bias = name.endsWith(".bias");
    long m =
        name.contains("c_qkv")
            ? 384
            : name.contains("c_fc") ? 512 : name.contains("output") ? 12 : 128;
    long n =
        name.contains("c_proj") && name.contains("attn")
            ? 128
            : name.contains("c_proj")
                ? 512
                : name.contains("input_proj") || name.contains("point_proj")
                    ? 6
                    : name.startsWith("clip_embed") ? FEATURES : 128;
    if (name.startsWith("clip_embed.0")) {
      return new long[] {FEATURES};
    }
    return bias || name.contains("ln_") ? new long[] {m} : new long[] {m, n};
  }

  private static Tensor tensor(Random random, long... shape) {
    int size = 1;
    for (long extent : shape) {
      size *= (int) extent;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian() / 10;
    }
    return Tensor.of(values, shape);
  }

  private static NDArray answer(Network network, NDArray x, boolean grid, NDManager manager) {
    Map<String, NDArray> inputs = new LinkedHashMap<>();
    inputs.put("x", x);
    inputs.put("noise", manager.create(new float[] {3, 700}));
    if (network.ports().contains("embeddings")) {
      inputs.put(
          "embeddings", grid ? random(manager, 2, 9, FEATURES) : random(manager, 2, FEATURES));
    }
    if (network.ports().contains("low_res")) {
      inputs.put("low_res", random(manager, 2, 3, 6));
    }
    return network.call(inputs).getFirst();
  }

  private static NDArray random(NDManager manager, long... shape) {
    Random random = new Random(2);
    Tensor tensor = tensor(random, shape);
    return manager.create(tensor.floats(), new Shape(shape));
  }
}
