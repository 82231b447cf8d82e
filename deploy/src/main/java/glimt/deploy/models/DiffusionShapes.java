package glimt.deploy.models;

import java.util.List;

/** The shapes of latent diffusion's networks (Rombach et al. 2022), as diffusers publishes them. */
final class DiffusionShapes {
  private static final int LATENT = 4;
  private static final int[] PLANE = {3, 3};

  private final TensorShapes shapes = new TensorShapes();
  private final List<Integer> widths;
  private final int layers;
  private final int time;

  /** The width of what the prompt's states are; 0 for an autoencoder, which knows of none. */
  private final int context;

  /** The width of the transformer that a clip passes first; 0 for pictures. */
  private final int clips;

  private DiffusionShapes(List<Integer> widths, int layers, int time, int context, int clips) {
    this.widths = widths;
    this.layers = layers;
    this.time = time;
    this.context = context;
    this.clips = clips;
  }

  /**
   * A {@code UNet2DConditionModel} that attends in all its levels but the last, or a {@code
   * UNet3DConditionModel}.
   *
   * @param widths the channels of each level
   * @param layers the residual blocks of a level on the way down
   * @param context the width of the prompt's states
   * @param clips for clips: the width of the first transformer over time; 0 for pictures
   */
  static TensorShapes unet(List<Integer> widths, int layers, int context, int clips) {
    int first = widths.getFirst();
    DiffusionShapes unet = new DiffusionShapes(widths, layers, 4 * first, context, clips);
    unet.shapes.linear("time_embedding.linear_1", first, unet.time);
    unet.shapes.linear("time_embedding.linear_2", unet.time, unet.time);
    if (clips > 0) {
      unet.transformer("transformer_in", first, clips, clips);
    }
    unet.halves("", LATENT, LATENT);
    return unet.shapes;
  }

  /** An {@code AutoencoderKL} with both its halves. */
  static TensorShapes autoencoder(List<Integer> widths, int layers) {
    DiffusionShapes codec = new DiffusionShapes(widths, layers, 0, 0, 0);
    codec.convolution("encoder.conv_in", 3, widths.getFirst(), PLANE);
    codec.down("encoder.");
    codec.middle("encoder.mid_block", widths.getLast());
    codec.ending("encoder.", widths.getLast(), 2 * LATENT);
    codec.convolution("decoder.conv_in", LATENT, widths.getLast(), PLANE);
    codec.middle("decoder.mid_block", widths.getLast());
    int from = widths.getLast();
    for (int i = 0; i < widths.size(); i++) {
      int to = widths.get(widths.size() - 1 - i);
      for (int j = 0; j <= layers; j++) {
        codec.resnet("decoder.up_blocks.%s.resnets.%s".formatted(i, j), j == 0 ? from : to, to);
      }
      if (i < widths.size() - 1) {
        codec.convolution("decoder.up_blocks.%s.upsamplers.0.conv".formatted(i), to, to, PLANE);
      }
      from = to;
    }
    codec.ending("decoder.", widths.getFirst(), 3);
    codec.convolution("quant_conv", 2 * LATENT, 2 * LATENT, 1, 1);
    codec.convolution("post_quant_conv", LATENT, LATENT, 1, 1);
    return codec.shapes;
  }

  private void halves(String at, int in, int out) {
    convolution(at + "conv_in", in, widths.getFirst(), PLANE);
    down(at);
    String middle = at + "mid_block";
    int deepest = widths.getLast();
    resnet(middle + ".resnets.0", deepest, deepest);
    resnet(middle + ".resnets.1", deepest, deepest);
    overTime(middle, 0, deepest);
    overTime(middle, 1, deepest);
    attending(middle, 0, deepest);
    up(at);
    ending(at, widths.getFirst(), out);
  }

  private void down(String at) {
    int from = widths.getFirst();
    for (int i = 0; i < widths.size(); i++) {
      int to = widths.get(i);
      boolean last = i == widths.size() - 1;
      String block = "%sdown_blocks.%s".formatted(at, i);
      for (int j = 0; j < layers; j++) {
        resnet("%s.resnets.%s".formatted(block, j), j == 0 ? from : to, to);
        overTime(block, j, to);
        if (!last) {
          attending(block, j, to);
        }
      }
      if (!last) {
        convolution(block + ".downsamplers.0.conv", to, to, PLANE);
      }
      from = to;
    }
  }

  /** Each residual block sees the one of the way down beside it too. */
  private void up(String at) {
    int from = widths.getLast();
    int levels = widths.size();
    for (int i = 0; i < levels; i++) {
      int to = widths.get(levels - 1 - i);
      int below = widths.get(Math.max(0, levels - 2 - i));
      String block = "%sup_blocks.%s".formatted(at, i);
      for (int j = 0; j <= layers; j++) {
        int beside = j == layers ? below : to;
        resnet("%s.resnets.%s".formatted(block, j), (j == 0 ? from : to) + beside, to);
        overTime(block, j, to);
        if (i > 0) {
          attending(block, j, to);
        }
      }
      if (i < levels - 1) {
        convolution(block + ".upsamplers.0.conv", to, to, PLANE);
      }
      from = to;
    }
  }

  /** Between an autoencoder's halves; every place attends to every other. */
  private void middle(String at, int width) {
    resnet(at + ".resnets.0", width, width);
    String attention = at + ".attentions.0";
    shapes.norm(attention + ".group_norm", width);
    for (String layer : List.of("to_q", "to_k", "to_v", "to_out.0")) {
      shapes.linear("%s.%s".formatted(attention, layer), width, width);
    }
    resnet(at + ".resnets.1", width, width);
  }

  private void ending(String at, int width, int out) {
    shapes.norm(at + "conv_norm_out", width);
    convolution(at + "conv_out", width, out, PLANE);
  }

  private void convolution(String at, int from, int to, int... kernel) {
    shapes.convolution(at, from, to, java.util.Arrays.stream(kernel).asLongStream().toArray());
  }

  private void resnet(String at, int from, int to) {
    shapes.norm(at + ".norm1", from);
    convolution(at + ".conv1", from, to, PLANE);
    if (time > 0) {
      shapes.linear(at + ".time_emb_proj", time, to);
    }
    shapes.norm(at + ".norm2", to);
    convolution(at + ".conv2", to, to, PLANE);
    if (from != to) {
      convolution(at + ".conv_shortcut", from, to, 1, 1);
    }
  }

  /** The convolutions over time behind a residual block. */
  private void overTime(String block, int index, int width) {
    if (clips == 0) {
      return;
    }
    for (int i = 1; i <= 4; i++) {
      String at = "%s.temp_convs.%s.conv%s".formatted(block, index, i);
      shapes.norm(at + ".0", width);
      convolution("%s.%s".formatted(at, i == 1 ? 2 : 3), width, width, 3, 1, 1);
    }
  }

  private void attending(String block, int index, int width) {
    if (context == 0) {
      return;
    }
    transformer("%s.attentions.%s".formatted(block, index), width, width, context);
    if (clips > 0) {
      transformer("%s.temp_attentions.%s".formatted(block, index), width, width, width);
    }
  }

  /** Pictures enter by convolutions of one pixel, clips by linear layers. */
  private void transformer(String at, int width, int inner, int seen) {
    shapes.norm(at + ".norm", width);
    if (clips > 0) {
      shapes.linear(at + ".proj_in", width, inner);
      shapes.linear(at + ".proj_out", inner, width);
    } else {
      convolution(at + ".proj_in", width, inner, 1, 1);
      convolution(at + ".proj_out", inner, width, 1, 1);
    }
    String block = at + ".transformer_blocks.0";
    for (int i = 1; i <= 3; i++) {
      shapes.norm("%s.norm%s".formatted(block, i), inner);
    }
    shapes.attention(block + ".attn1", inner, inner);
    shapes.attention(block + ".attn2", inner, seen);
    shapes.linear(block + ".ff.net.0.proj", inner, 8L * inner);
    shapes.linear(block + ".ff.net.2", 4L * inner, inner);
  }
}
