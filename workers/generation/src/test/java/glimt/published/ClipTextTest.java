package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClipTextTest {
  private static final long[][] TOKENS = {{0, 5, 9, 3, 9, 9}};

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void files_with_and_without_the_outer_name_are_the_same_network() {
    Safetensors named = weights("CLIPTextModel", "");
    Map<String, Tensor> unnamed = new LinkedHashMap<>();
    named.tensors().forEach((name, tensor) -> unnamed.put(name.replace("text_model.", ""), tensor));
    unnamed.put("embeddings.position_ids", Tensor.of(new long[] {0}, 1));

    assertThat(run("CLIPTextModel", "", new Safetensors(unnamed)))
        .isEqualTo(run("CLIPTextModel", "", named))
        .containsKeys("last_hidden_state", "hidden_states_minus_3")
        .doesNotContainKeys("text_embeds", "hidden_states_minus_4");
  }

  @Test
  void the_text_ends_at_the_first_end_or_in_old_files_at_the_largest_id() {
    Map<String, List<Float>> ended = run("CLIPTextModel", ", \"eos_token_id\": 5");
    List<Float> all = state("last_hidden_state", ended);
    Map<String, List<Float>> old = run("CLIPTextModel", ", \"eos_token_id\": 2");

    assertThat(state("pooler_output", ended)).isEqualTo(all.subList(8, 16));
    assertThat(state("pooler_output", old)).isEqualTo(all.subList(16, 24));
  }

  @Test
  void a_mask_hides_a_token_from_those_after_it() {
    String masked = ", \"use_attention_mask\": true";
    Safetensors weights = weights("CLIPTextModel", masked);
    NDArray hiding = manager.create(new long[][] {{1, 1, 0, 1, 1, 1}});
    List<Float> free = state("last_hidden_state", run("CLIPTextModel", ""));
    List<Float> all = state("last_hidden_state", run("CLIPTextModel", masked, weights));
    List<Float> some = state("last_hidden_state", run("CLIPTextModel", masked, weights, hiding));

    for (int i = 0; i < free.size(); i++) {
      assertThat(all.get(i)).isCloseTo(free.get(i), offset(1e-5f));
    }
    assertThat(some.subList(0, 16)).isEqualTo(all.subList(0, 16));
    assertThat(some.subList(24, 32)).isNotEqualTo(all.subList(24, 32));
  }

  private static List<Float> state(String name, Map<String, List<Float>> states) {
    return Objects.requireNonNull(states.get(name));
  }

  private Map<String, List<Float>> run(String type, String settings) {
    return run(type, settings, weights(type, settings));
  }

  private Map<String, List<Float>> run(String type, String settings, Safetensors weights) {
    return run(type, settings, weights, manager.create(TOKENS).onesLike());
  }

  private Map<String, List<Float>> run(
      String type, String settings, Safetensors published, NDArray mask) {
    PublishedNetwork network = network(type, settings, published);
    NetworkSource source = NetworkSource.parse("clip.py", network.source());
    Map<String, NDArray> inputs = new LinkedHashMap<>();
    inputs.put("tokens", manager.create(TOKENS));
    if (source.ports().contains("mask")) {
      inputs.put("mask", mask);
    }
    Map<String, List<Float>> results = new LinkedHashMap<>();
    try (Network loaded =
        Network.load(
            "clip", source, network.weights("clip", published), Precision.FLOAT32, Device.cpu())) {
      NDList answers = loaded.call(inputs);
      for (NDArray answer : answers) {
        List<Float> values = new ArrayList<>();
        for (float value : answer.toFloatArray()) {
          values.add(value);
        }
        results.put(answer.getName(), values);
      }
    }
    return results;
  }

  private static PublishedNetwork network(String type, String settings, Safetensors published) {
    String json =
        """
        {"architectures": ["%s"], "hidden_size": 8, "num_hidden_layers": 2,
         "num_attention_heads": 2%s}
        """
            .formatted(type, settings);
    try (PublishedConfig config = PublishedConfig.parse("config.json", json)) {
      return Architectures.of(type, config, published.tensors().keySet());
    }
  }

  /** Random weights of a tiny encoder of 10 tokens and 6 places. */
  private static Safetensors weights(String type, String settings) {
    Random random = new Random(7);
    Map<String, Tensor> weights = new LinkedHashMap<>();
    Safetensors names = new Safetensors(Map.of("text_model.x", Tensor.of(new float[0], 0)));
    String source = network(type, settings, names).source();
    for (String path : NetworkSource.parse("clip.py", source).tensors().keySet()) {
      long[] shape = shape(path);
      float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian() / 2;
      }
      weights.put(PublishedNetwork.publishedName(path), Tensor.of(values, shape));
    }
    return new Safetensors(weights);
  }

  private static long[] shape(String path) {
    if (path.contains("token_embedding")) {
      return new long[] {10, 8};
    }
    if (path.contains("position_embedding")) {
      return new long[] {6, 8};
    }
    boolean vector = path.endsWith(".bias") || path.contains("norm");
    int rows = path.contains("fc1") ? 16 : 8;
    int columns = path.contains("fc2") ? 16 : 8;
    return vector ? new long[] {rows} : new long[] {rows, columns};
  }
}
