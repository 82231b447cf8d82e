package glimt.published;

import java.util.Collections;
import java.util.Set;

/**
 * The latent up-sampler of LTX-Video 0.9.7: a clip of {@code latent} [B, frames, channels, height,
 * width], not normalised, becomes one of twice the height and width, of 2n - 1 frames, or both.
 */
final class LtxUpsampler {
  private LtxUpsampler() {}

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    config.ignore("in_channels", "mid_channels");
    int blocks = config.integer("num_blocks_per_stage", 4);
    int dims = config.integer("dims", 3);
    boolean wider = config.flag("spatial_upsample", true);
    boolean longer = config.flag("temporal_upsample", false);
    if (dims != 2 && dims != 3) {
      throw config.refused("dims", "it must be 2 or 3");
    }
    if (!wider && !longer) {
      throw config.refused("spatial_upsample", "the up-sampler must do that or temporal_upsample");
    }
    if (longer && dims == 2) {
      throw config.refused(
          "temporal_upsample", "an up-sampler of pictures, dims 2, cannot do that");
    }
    boolean clips = dims == 3;
    SourceText source =
        new SourceText()
            .add(
                NETWORK,
                "conv",
                clips ? "Conv3d" : "Conv2d",
                "unit",
                clips ? "[1, 1, 1], [1, 1, 1]" : "1, 1",
                "enter",
                clips ? "torch.transpose(clip, 1, 2)" : "torch.flatten(clip, 0, 1)",
                "enlarge",
                longer ? wider ? BOTH : LONGER : clips ? WIDER_CLIP : WIDER,
                "leave",
                clips
                    ? "torch.transpose(z, 1, 2)"
                    : "torch.unflatten(z, 0, [torch.size(latent, 0), -1])",
                "sampler",
                longer ? "Conv3d" : "Conv2d")
            .chain("Stage", Collections.nCopies(blocks, "Resnet"))
            .add(
                RESNET,
                "conv",
                clips ? "Conv3d" : "Conv2d",
                "unit",
                clips ? "[1, 1, 1], [1, 1, 1]" : "1, 1");
    return new PublishedNetwork(source.text());
  }

  private static final String WIDER =
      "z = torch.pixel_shuffle(self.upsampler._0.forward(z, 1, 1), 2)";

  private static final String WIDER_CLIP =
      """
      frames = torch.flatten(torch.transpose(z, 1, 2), 0, 1)
          frames = torch.pixel_shuffle(self.upsampler._0.forward(frames, 1, 1), 2)
          z = torch.transpose(torch.unflatten(frames, 0, [torch.size(latent, 0), -1]), 1, 2)""";

  private static final String LONGER =
      """
      pairs = torch.unflatten(self.upsampler._0.forward(z, [1, 1, 1], [1, 1, 1]), 1, [-1, 2])
          z = torch.flatten(torch.permute(pairs, [0, 1, 3, 2, 4, 5]), 2, 3)
          z = torch.narrow(z, 2, 1, torch.size(z, 2) - 1)""";

  private static final String BOTH =
      "z = ltx_unfolded(self.upsampler._0.forward(z, [1, 1, 1], [1, 1, 1]))";

  private static final String NETWORK =
      """
      # Enlarges latents of LTX-Video.
      #
      #   latent [B, frames, channels, height, width] float32 -> a larger clip

      from blocks.convolution import Conv2d, Conv3d
      from blocks.ltx_codec import ltx_unfolded
      from blocks.norms import GroupNorm


      class Network(Module):
        precision : int
        initial_conv : {conv}
        initial_norm : GroupNorm
        res_blocks : Stage
        upsampler : Upsampler
        post_upsample_res_blocks : Stage
        final_conv : {conv}

        def forward(self, latent: Tensor) -> Tensor:
          clip = torch.to(latent, self.precision)
          z = self.initial_conv.forward({enter}, {unit})
          z = self.res_blocks.forward(torch.silu(self.initial_norm.forward(z, 32, 1e-05)))
          {enlarge}
          z = self.final_conv.forward(self.post_upsample_res_blocks.forward(z), {unit})
          return torch.to({leave}, 6)


      class Upsampler(Module):
        _0 : {sampler}
      """;

  private static final String RESNET =
      """
      class Resnet(Module):
        conv1 : {conv}
        norm1 : GroupNorm
        conv2 : {conv}
        norm2 : GroupNorm

        def forward(self, z: Tensor) -> Tensor:
          h = torch.silu(self.norm1.forward(self.conv1.forward(z, {unit}), 32, 1e-05))
          return torch.silu(z + self.norm2.forward(self.conv2.forward(h, {unit}), 32, 1e-05))
      """;
}
