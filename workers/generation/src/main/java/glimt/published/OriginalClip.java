package glimt.published;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors.Tensor;
import glimt.json.Json;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A CLIP text encoder inside a single file: either as transformers names it, or as OpenCLIP does
 * (Ilharco et al. 2021), which keeps queries, keys and values in one matrix, one below the other.
 *
 * @param file its tensors
 * @param open whether OpenCLIP names them
 */
record OriginalClip(OriginalTensors file, boolean open) {
  /** Each head's size in all of OpenAI's and OpenCLIP's text encoders. */
  private static final int HEAD = 64;

  /** OpenAI's text encoders are no wider, and use another activation than OpenCLIP's. */
  static final long WIDEST_OF_OPENAI = 768;

  private static final String LAYERS = "text_model.encoder.layers.";
  static final String BLOCKS = "transformer.resblocks.";
  private static final String PROJECTION = "text_projection";

  /** As transformers names it. */
  static OriginalClip transformers(OriginalTensors all, String prefix) {
    return new OriginalClip(
        all.below(prefix).without("(text_model\\.)?embeddings\\.position_ids|logit_scale"), false);
  }

  /** As OpenCLIP names it. */
  static OriginalClip open(OriginalTensors all, String prefix) {
    return new OriginalClip(all.below(prefix).without("logit_scale|attn_mask"), true);
  }

  int layers() {
    return file.count(open ? BLOCKS : layersPrefix());
  }

  /** Some files leave {@code text_model} out. */
  private String layersPrefix() {
    return file.below(LAYERS).any() ? LAYERS : LAYERS.substring("text_model.".length());
  }

  /**
   * Which of the file's tensors a network of so many layers is made of.
   *
   * @param projected whether it ends in a projection, which OpenCLIP keeps with rows and columns
   *     exchanged: that matrix alone is copied
   */
  PublishedWeights.WeightsPart part(int layers, boolean projected) {
    if (!open) {
      Map<String, Origin> origins = new HashMap<>();
      OriginalTensors read = projected ? file : file.without(PROJECTION + ".*");
      for (int i = layers; i < layers(); i++) { // layers behind those that are read
        read = read.without(layersPrefix().replace(".", "\\.") + i + "\\..*");
      }
      read.tensors().keySet().forEach(name -> origins.put(name, Origin.of(file.prefix() + name)));
      return new PublishedWeights.WeightsPart(origins, Map.of());
    }
    Map<String, String> places = new HashMap<>();
    places.put("token_embedding", "text_model.embeddings.token_embedding");
    places.put("ln_final", "text_model.final_layer_norm");
    Map<String, Origin> fused = new HashMap<>();
    fused.put(
        "text_model.embeddings.position_embedding.weight",
        Origin.of(file.prefix() + "positional_embedding"));
    for (int i = 0; i < layers; i++) {
      String from = BLOCKS + i;
      String to = LAYERS + i;
      places.put(from + ".ln_1", to + ".layer_norm1");
      places.put(from + ".ln_2", to + ".layer_norm2");
      places.put(from + ".mlp.c_fc", to + ".mlp.fc1");
      places.put(from + ".mlp.c_proj", to + ".mlp.fc2");
      places.put(from + ".attn.out_proj", to + ".self_attn.out_proj");
      fused(fused, from + ".attn.in_proj_weight", to + ".self_attn.%s.weight");
      fused(fused, from + ".attn.in_proj_bias", to + ".self_attn.%s.bias");
    }
    String others = "positional_embedding|text_projection.*|.*\\.attn\\.in_proj_\\w+";
    OriginalTensors rest = file.without(others);
    for (int i = layers; i < layers(); i++) { // layers behind those that are read
      rest = rest.without(BLOCKS.replace(".", "\\.") + i + "\\..*");
    }
    Map<String, Origin> origins = new HashMap<>(rest.origins(places));
    origins.putAll(fused);
    String published = PROJECTION + ".weight";
    if (!projected) {
      return new PublishedWeights.WeightsPart(origins, Map.of());
    }
    if (file.has(published)) {
      origins.put(published, Origin.of(file.prefix() + published));
      return new PublishedWeights.WeightsPart(origins, Map.of());
    }
    return new PublishedWeights.WeightsPart(
        origins, Map.of(published, turned(file.tensor(PROJECTION))));
  }

  /** Queries, keys and values are each a third of the rows. */
  private void fused(Map<String, Origin> origins, String name, String published) {
    long rows = file.shape(name).getFirst() / 3;
    List<String> parts = List.of("q_proj", "k_proj", "v_proj");
    for (int i = 0; i < parts.size(); i++) {
      origins.put(
          published.formatted(parts.get(i)), Origin.rows(file.prefix() + name, i * rows, rows));
    }
  }

  /** A copy of a matrix with rows and columns exchanged. */
  static Tensor turned(Tensor matrix) {
    int rows = Math.toIntExact(matrix.shape().getFirst());
    int columns = Math.toIntExact(matrix.shape().get(1));
    int bytes = matrix.dtype().bytes;
    MemorySegment turned = MemorySegment.ofArray(new byte[rows * columns * bytes]);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        long from = ((long) row * columns + column) * bytes;
        long to = ((long) column * rows + row) * bytes;
        MemorySegment.copy(matrix.values(), from, turned, to, bytes);
      }
    }
    return new Tensor(matrix.dtype(), List.of((long) columns, (long) rows), turned);
  }

  /** The width of the projected vector. */
  long projection() {
    String published = PROJECTION + ".weight";
    return file.has(published) ? file.shape(published).getFirst() : file.shape(PROJECTION).get(1);
  }

  /**
   * Its configuration.
   *
   * @param layers how many are read
   * @param projected whether it ends in a projection
   */
  ObjectNode config(int layers, boolean projected) {
    String embeddings = layersPrefix().replace("encoder.layers.", "embeddings.");
    List<Long> places =
        file.shape(open ? "positional_embedding" : embeddings + "position_embedding.weight");
    String tokens = open ? "token_embedding.weight" : embeddings + "token_embedding.weight";
    String widening = open ? BLOCKS + "0.mlp.c_fc.weight" : layersPrefix() + "0.mlp.fc1.weight";
    long width = places.get(1);
    file.mustDivide("the width of a text encoder", width, HEAD);
    ObjectNode config = Json.mapper().createObjectNode();
    config.putArray("architectures").add(className(projected));
    config.put("hidden_size", width);
    config.put("max_position_embeddings", places.getFirst());
    config.put("vocab_size", file.shape(tokens).getFirst());
    config.put("intermediate_size", file.shape(widening).getFirst());
    config.put("num_hidden_layers", layers);
    config.put("num_attention_heads", width / HEAD);
    config.put("hidden_act", open || width > WIDEST_OF_OPENAI ? "gelu" : "quick_gelu");
    config.put("layer_norm_eps", 1e-5);
    if (projected) {
      config.put("projection_dim", projection());
    }
    config.put("eos_token_id", 2); // the end is the largest id of a reading
    return config;
  }

  static String className(boolean projected) {
    return projected ? "CLIPTextModelWithProjection" : "CLIPTextModel";
  }
}
