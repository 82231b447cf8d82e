package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.bundle.Origin;
import glimt.bundle.Precision;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class T5EncoderTest {
  private static final String SIZES =
      "\"d_model\": 16, \"d_ff\": 24, \"num_heads\": 2, \"num_layers\": 2";

  @Test
  void the_first_version_has_one_layer_of_relus() {
    String relu = "{%s, \"vocab_size\": 40}".formatted(SIZES);
    String named = "{%s, \"feed_forward_proj\": \"relu\"}".formatted(SIZES);
    String gated = "{%s, \"feed_forward_proj\": \"gated-silu\"}".formatted(SIZES);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray first = states(relu, manager, Precision.FLOAT32);
      assertThat(first.getShape()).isEqualTo(new Shape(1, 5, 16));
      assertThat(TinyNetwork.apart(first, states(named, manager, Precision.FLOAT32))).isZero();
      assertThat(TinyNetwork.apart(first, states(gated, manager, Precision.FLOAT32)))
          .isGreaterThan(0.01);
    }
  }

  @Test
  void in_half_precision_the_states_are_nearly_those() {
    String config = "{%s, \"feed_forward_proj\": \"gated-gelu\"}".formatted(SIZES);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray exact = states(config, manager, Precision.FLOAT32);
      assertThat(TinyNetwork.apart(exact, states(config, manager, Precision.BFLOAT16)))
          .isLessThan(0.05)
          .isPositive();
    }
  }

  @Test
  void padding_is_not_heard() {
    try (NDManager manager = NDManager.newBaseManager();
        Network network = network("T5EncoderModel", "{%s}".formatted(SIZES)).load()) {
      NDArray whole = states(network, manager.create(new long[][] {{3, 1, 0, 0}}), 2);
      NDArray other = states(network, manager.create(new long[][] {{3, 1, 9, 9}}), 2);
      assertThat(TinyNetwork.apart(whole.get(":, :2"), other.get(":, :2"))).isZero();
      NDArray heard = states(network, manager.create(new long[][] {{3, 1, 9, 9}}), 4);
      assertThat(TinyNetwork.apart(whole.get(":, :2"), heard.get(":, :2"))).isGreaterThan(1e-3);
    }
  }

  @Test
  void padding_is_heard_in_the_form_for_pipelines_without_a_mask() {
    try (NDManager manager = NDManager.newBaseManager();
        Network deaf = network("T5EncoderModel", "{%s}".formatted(SIZES)).load();
        Network network = network("T5EncoderModel.padded", "{%s}".formatted(SIZES)).load()) {
      NDArray tokens = manager.create(new long[][] {{3, 1, 0, 0}});
      NDArray whole = states(network, tokens, 2);
      assertThat(TinyNetwork.apart(whole, states(network, tokens, 4))).isZero();
      assertThat(TinyNetwork.apart(whole, states(deaf, tokens, 4))).isZero();
      NDArray mask = manager.create(new long[][] {{1, 1, 0, 0}});
      NDList answers = network.call(Map.of("tokens", tokens, "mask", mask));
      assertThat(answer(answers, "mask").toFloatArray()).containsExactly(1, 1, 0, 0);
    }
  }

  @Test
  void the_embedding_is_found_under_either_name() {
    PublishedConfig config = PublishedConfig.parse("config.json", "{}");
    String other = "encoder.embed_tokens.weight";
    assertThat(T5Encoder.t5(config, Set.of(other)).origin("shared.weight"))
        .isEqualTo(Origin.of(other));
    assertThat(T5Encoder.t5(config, Set.of(other, "shared.weight")).origin("shared.weight"))
        .isEqualTo(Origin.of("shared.weight"));
  }

  @Test
  void what_is_not_an_encoder_is_refused_by_name() {
    assertThatThrownBy(() -> network("T5EncoderModel", "{\"is_decoder\": true}").load())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("is_decoder");
    assertThatThrownBy(
            () -> network("UMT5EncoderModel", "{\"feed_forward_proj\": \"gated-snake\"}").load())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("snake");
    assertThatThrownBy(() -> network("T5EncoderModel", "{\"rope_theta\": 10}").load())
        .hasMessageContaining("rope_theta");
  }

  private static NDArray states(String config, NDManager manager, Precision precision) {
    try (Network network = network("T5EncoderModel", config).load(precision)) {
      return states(network, manager.create(new long[][] {{7, 3, 30, 1, 0}}), 4);
    }
  }

  private static NDArray states(Network network, NDArray tokens, int read) {
    NDArray mask = tokens.onesLike();
    mask.set(new ai.djl.ndarray.index.NDIndex(":, %s:".formatted(read)), 0);
    NDList answers = network.call(Map.of("tokens", tokens, "mask", mask));
    NDArray states = answer(answers, "last_hidden_state");
    NDArray masked = answer(answers, "last_hidden_state_masked");
    assertThat(TinyNetwork.apart(masked, states.mul(mask.expandDims(-1)))).isZero();
    return states;
  }

  private static NDArray answer(NDList answers, String name) {
    return answers.stream().filter(one -> name.equals(one.getName())).findFirst().orElseThrow();
  }

  private static TinyNetwork network(String architecture, String config) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("shared\\.weight", new long[] {40, 16});
    shapes.put(".*relative_attention_bias.*", new long[] {8, 2});
    shapes.put(".*norm\\.weight", new long[] {16});
    shapes.put(".*\\.wi.*", new long[] {24, 16});
    shapes.put(".*\\.wo.*", new long[] {16, 24});
    shapes.put(".*SelfAttention\\.o.*", new long[] {16, 6});
    shapes.put(".*SelfAttention.*", new long[] {6, 16});
    return TinyNetwork.of(architecture, config, shapes);
  }
}
