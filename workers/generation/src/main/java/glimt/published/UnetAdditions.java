package glimt.published;

import java.util.List;

/**
 * Writes what a text or an image says to a U-Net: a vector that is added to the timestep's, and the
 * tokens that its blocks look at.
 */
final class UnetAdditions {
  /** Tokens that an image becomes: beside a text, and alone. */
  private static final int IMAGE_TOKENS_BESIDE = 10;

  private static final int IMAGE_TOKENS = 32;

  private static final double EPS = 1e-5;

  private static final String IMAGE = "torch.to(image_embeds, self.precision)";

  private final PublishedConfig config;
  private final SourceWriter writer;
  private final SourceWriter.Module root;
  private final List<String> ports;
  private final UnetEmbeddings embeddings;
  private final String added;
  private final String context;

  /**
   * @param root takes the parts, and lines that change {@code time} and end with {@code text}
   * @param ports takes the ports that are wanted
   */
  UnetAdditions(
      PublishedConfig config,
      SourceWriter writer,
      SourceWriter.Module root,
      List<String> ports,
      UnetEmbeddings embeddings) {
    this.config = config;
    this.writer = writer;
    this.root = root;
    this.ports = ports;
    this.embeddings = embeddings;
    added = config.text("addition_embed_type", "");
    context =
        config.text(
            "encoder_hid_dim_type", config.integer("encoder_hid_dim") == null ? "" : "text_proj");
  }

  /** The ports, in the field's order, and the text as it comes. */
  void begin() {
    if (!context.equals("image_proj") || added.startsWith("text")) {
      ports.add("encoder_hidden_states");
      root.does("text = torch.to(encoder_hidden_states, self.precision)");
    }
  }

  /** What is added to the timestep. */
  void addition() {
    config.ignore("projection_class_embeddings_input_dim"); // the width of a layer
    int heads = config.integer("addition_embed_type_num_heads", 64);
    Integer width = config.integer("addition_time_embed_dim");
    switch (added) {
      case "" -> {
        return;
      }
      case "text" -> root.has("add_embedding", pooled(heads)).does("more = %s", sum("text"));
      case "text_time" -> {
        if (width == null) {
          throw config.refused("addition_time_embed_dim", "text_time needs it");
        }
        ports.add("text_embeds");
        ports.add("time_ids");
        root.has(
                "add_embedding",
                embeddings.twoLayers(new Activation("torch.silu(%s)"), Activation.NONE, false))
            .does("ids = %s", embeddings.waves("torch.flatten(time_ids)", width))
            .does("ids = torch.reshape(ids, [torch.size(text_embeds, 0), -1])")
            .does("more = torch.cat([torch.to(text_embeds, self.precision), ids], -1)")
            .does("more = %s", sum("more"));
      }
      case "text_image" -> {
        ports.add("text_embeds");
        image();
        root.has("add_embedding", textAndImage())
            .does("said = torch.to(text_embeds, self.precision)")
            .does("more = %s", sum("said, " + IMAGE));
      }
      case "image" -> {
        image();
        root.has("add_embedding", image("ImageTimeEmbedding", "image_proj", "image_norm", 0))
            .does("more = %s", sum(IMAGE));
      }
      default ->
          throw config.refused(
              "addition_embed_type", "only text, text_time, text_image and image are implemented");
    }
    root.does("time = time + more");
  }

  private static String sum(String given) {
    return "self.add_embedding.forward(%s)".formatted(given);
  }

  /** The tokens that blocks look at. */
  void tokens() {
    switch (context) {
      case "" -> {}
      case "text_proj" ->
          root.has("encoder_hid_proj", "Linear").does("text = self.encoder_hid_proj.forward(text)");
      case "text_image_proj" -> {
        image();
        root.has(
                "encoder_hid_proj",
                writer
                    .module("TextImageProjection", "")
                    .has("image_embeds", "Linear")
                    .has("text_proj", "Linear")
                    .does(
                        "h = torch.unflatten(self.image_embeds.forward(image), 1, [%s, -1])",
                        IMAGE_TOKENS_BESIDE)
                    .does("return torch.cat([h, self.text_proj.forward(text)], 1)")
                    .forward("text: Tensor, image: Tensor", "Tensor"))
            .does("text = self.encoder_hid_proj.forward(text, %s)", IMAGE);
      }
      case "image_proj" -> {
        image();
        root.has("encoder_hid_proj", image("ImageProjection", "image_embeds", "norm", IMAGE_TOKENS))
            .does("text = self.encoder_hid_proj.forward(%s)", IMAGE);
      }
      default ->
          throw config.refused(
              "encoder_hid_dim_type",
              "only text_proj, text_image_proj and image_proj are implemented");
    }
  }

  private void image() {
    if (!ports.contains("image_embeds")) {
      ports.add("image_embeds");
    }
  }

  /** The tokens of a text as one vector, by the attention of their mean to them all. */
  private String pooled(int heads) {
    String pool =
        writer
            .module("AttentionPooling", "")
            .has("positional_embedding", "Tensor # [1, n]")
            .has("k_proj", "Linear")
            .has("q_proj", "Linear")
            .has("v_proj", "Linear")
            .does("mean = torch.mean(z, [1], True) + same(self.positional_embedding, z)")
            .does("z = torch.cat([mean, z], 1)")
            .does("q = self.q_proj.forward(mean)")
            .does("h = attend(q, self.k_proj.forward(z), self.v_proj.forward(z), %s)", heads)
            .does("return torch.squeeze(h, 1)")
            .forward("z: Tensor", "Tensor");
    String eps = SourceWriter.number(EPS);
    return writer
        .module("TextTimeEmbedding", "")
        .has("norm1", "LayerNorm")
        .has("pool", pool)
        .has("proj", "Linear")
        .has("norm2", "LayerNorm")
        .does("h = self.pool.forward(self.norm1.forward(z, %s))", eps)
        .does("return self.norm2.forward(self.proj.forward(h), %s)", eps)
        .forward("z: Tensor", "Tensor");
  }

  private String textAndImage() {
    return writer
        .module("TextImageTimeEmbedding", "")
        .has("text_proj", "Linear")
        .has("text_norm", "LayerNorm")
        .has("image_proj", "Linear")
        .does(
            "h = self.text_norm.forward(self.text_proj.forward(text), %s)",
            SourceWriter.number(EPS))
        .does("return h + self.image_proj.forward(image)")
        .forward("text: Tensor, image: Tensor", "Tensor");
  }

  /**
   * An image's vector through a layer and a norm.
   *
   * @param tokens how many it becomes; 0 for one vector
   */
  private String image(String name, String layer, String norm, int tokens) {
    String h = "self.%s.forward(image)".formatted(layer);
    return writer
        .module(name, "")
        .has(layer, "Linear")
        .has(norm, "LayerNorm")
        .does("h = %s", tokens == 0 ? h : "torch.unflatten(%s, 1, [%s, -1])".formatted(h, tokens))
        .does("return self.%s.forward(h, %s)", norm, SourceWriter.number(EPS))
        .forward("image: Tensor", "Tensor");
  }
}
