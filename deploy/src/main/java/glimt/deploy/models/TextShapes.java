package glimt.deploy.models;

import java.util.List;

/** The shapes of text encoders, as transformers publishes them. */
final class TextShapes {
  private TextShapes() {}

  /** A {@code CLIPTextModel} that reads 77 tokens. */
  static TensorShapes clip(int vocabulary, int width, int layers) {
    TensorShapes shapes = new TensorShapes();
    shapes.tensor("text_model.embeddings.token_embedding.weight", vocabulary, width);
    shapes.tensor("text_model.embeddings.position_embedding.weight", 77, width);
    for (int i = 0; i < layers; i++) {
      String layer = "text_model.encoder.layers.%s.".formatted(i);
      shapes.norm(layer + "layer_norm1", width);
      shapes.norm(layer + "layer_norm2", width);
      shapes.linear(layer + "mlp.fc1", width, 4L * width);
      shapes.linear(layer + "mlp.fc2", 4L * width, width);
      for (String one : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
        shapes.linear(layer + "self_attn." + one, width, width);
      }
    }
    shapes.norm("text_model.final_layer_norm", width);
    return shapes;
  }

  /** A {@code UMT5EncoderModel} with gated layers and 32 buckets of distances. */
  static TensorShapes umt5(int vocabulary, int width, int inner, int heads, int layers) {
    TensorShapes shapes = new TensorShapes();
    shapes.tensor("shared.weight", vocabulary, width);
    for (int i = 0; i < layers; i++) {
      String layer = "encoder.block.%s.layer.".formatted(i);
      for (String one : List.of("q", "k", "v", "o")) {
        shapes.projection(layer + "0.SelfAttention." + one, width, width);
      }
      shapes.tensor(layer + "0.SelfAttention.relative_attention_bias.weight", 32, heads);
      shapes.tensor(layer + "0.layer_norm.weight", width);
      shapes.projection(layer + "1.DenseReluDense.wi_0", width, inner);
      shapes.projection(layer + "1.DenseReluDense.wi_1", width, inner);
      shapes.projection(layer + "1.DenseReluDense.wo", inner, width);
      shapes.tensor(layer + "1.layer_norm.weight", width);
    }
    shapes.tensor("encoder.final_layer_norm.weight", width);
    return shapes;
  }
}
