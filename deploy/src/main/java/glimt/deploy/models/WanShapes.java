package glimt.deploy.models;

import java.util.List;

/** The shapes of Wan 2.1's networks (Wan Team 2025, arXiv:2503.20314). */
final class WanShapes {
  private static final int LATENT = 16;
  private static final long[] CUBE = {3, 3, 3};

  private WanShapes() {}

  /** A {@code WanTransformer3DModel} that makes clips from text. */
  static TensorShapes transformer(int width, int inner, int layers, int text, int waves) {
    TensorShapes shapes = new TensorShapes();
    shapes.convolution("patch_embedding", LATENT, width, 1, 2, 2);
    shapes.linear("condition_embedder.text_embedder.linear_1", text, width);
    shapes.linear("condition_embedder.text_embedder.linear_2", width, width);
    shapes.linear("condition_embedder.time_embedder.linear_1", waves, width);
    shapes.linear("condition_embedder.time_embedder.linear_2", width, width);
    shapes.linear("condition_embedder.time_proj", width, 6L * width);
    for (int i = 0; i < layers; i++) {
      String block = "blocks.%s.".formatted(i);
      for (String attention : List.of("attn1.", "attn2.")) {
        for (String one : List.of("to_q", "to_k", "to_v", "to_out.0")) {
          shapes.linear(block + attention + one, width, width);
        }
        shapes.tensor(block + attention + "norm_q.weight", width);
        shapes.tensor(block + attention + "norm_k.weight", width);
      }
      shapes.linear(block + "ffn.net.0.proj", width, inner);
      shapes.linear(block + "ffn.net.2", inner, width);
      shapes.norm(block + "norm2", width);
      shapes.tensor(block + "scale_shift_table", 1, 6, width);
    }
    shapes.linear("proj_out", width, 4L * LATENT);
    shapes.tensor("scale_shift_table", 1, 2, width);
    return shapes;
  }

  /**
   * An {@code AutoencoderKLWan} with four levels, of which the first two on the way up double the
   * frames.
   *
   * @param width the channels of the finest level
   * @param multiples the channels of each level as a multiple of it, the finest first
   * @param layers the residual blocks of a level on the way down; one more on the way up
   */
  static TensorShapes autoencoder(int width, List<Integer> multiples, int layers) {
    TensorShapes shapes = new TensorShapes();
    encoder(shapes, width, multiples, layers);
    decoder(shapes, width, multiples, layers);
    return shapes;
  }

  private static void encoder(TensorShapes shapes, int width, List<Integer> multiples, int layers) {
    int last = multiples.size() - 1;
    int from = width;
    int number = 0;
    shapes.convolution("encoder.conv_in", 3, from, CUBE);
    for (int i = 0; i <= last; i++) {
      int to = width * multiples.get(i);
      for (int j = 0; j < layers; j++) {
        resnet(shapes, "encoder.down_blocks.%s".formatted(number++), j > 0 ? to : from, to);
      }
      if (i < last) {
        String block = "encoder.down_blocks.%s.".formatted(number++);
        shapes.convolution(block + "resample.1", to, to, 3, 3);
        if (i > 0) {
          shapes.convolution(block + "time_conv", to, to, 3, 1, 1);
        }
      }
      from = to;
    }
    middle(shapes, "encoder.mid_block.", from);
    shapes.tensor("encoder.norm_out.gamma", from, 1, 1, 1);
    shapes.convolution("encoder.conv_out", from, 2L * LATENT, CUBE);
    shapes.convolution("quant_conv", 2 * LATENT, 2L * LATENT, 1, 1, 1);
  }

  private static void middle(TensorShapes shapes, String middle, int width) {
    resnet(shapes, middle + "resnets.0", width, width);
    shapes.tensor(middle + "attentions.0.norm.gamma", width, 1, 1);
    shapes.convolution(middle + "attentions.0.to_qkv", width, 3L * width, 1, 1);
    shapes.convolution(middle + "attentions.0.proj", width, width, 1, 1);
    resnet(shapes, middle + "resnets.1", width, width);
  }

  private static void decoder(TensorShapes shapes, int width, List<Integer> multiples, int layers) {
    int last = multiples.size() - 1;
    int from = width * multiples.get(last);
    shapes.convolution("post_quant_conv", LATENT, LATENT, 1, 1, 1);
    shapes.convolution("decoder.conv_in", LATENT, from, CUBE);
    middle(shapes, "decoder.mid_block.", from);
    for (int i = 0; i <= last; i++) {
      int to = width * multiples.get(last - i);
      String block = "decoder.up_blocks.%s.".formatted(i);
      for (int j = 0; j <= layers; j++) {
        resnet(
            shapes, "%sresnets.%s".formatted(block, j), j > 0 ? to : i > 0 ? from / 2 : from, to);
      }
      if (i < last) {
        shapes.convolution(block + "upsamplers.0.resample.1", to, to / 2, 3, 3);
        if (i < 2) {
          shapes.convolution(block + "upsamplers.0.time_conv", to, 2L * to, 3, 1, 1);
        }
      }
      from = to;
    }
    shapes.tensor("decoder.norm_out.gamma", from, 1, 1, 1);
    shapes.convolution("decoder.conv_out", from, 3, CUBE);
  }

  private static void resnet(TensorShapes shapes, String at, int from, int to) {
    shapes.tensor(at + ".norm1.gamma", from, 1, 1, 1);
    shapes.convolution(at + ".conv1", from, to, CUBE);
    shapes.tensor(at + ".norm2.gamma", to, 1, 1, 1);
    shapes.convolution(at + ".conv2", to, to, CUBE);
    if (from != to) {
      shapes.convolution(at + ".conv_shortcut", from, to, 1, 1, 1);
    }
  }
}
