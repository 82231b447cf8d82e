from blocks.ltx_codec import LtxConv, ltx_normed, ltx_tuned


# Residual blocks of LTX-Video's decoder that draw noise, as in 0.9.1 (decoder_inject_noise of diffusers'
# AutoencoderKLLTXVideo): a plane after each convolution, the same for all frames, which channels weigh.


class LtxNoisyResnet(Module):
  conv1 : LtxConv
  conv2 : LtxConv
  per_channel_scale1 : Tensor   # [c, 1, 1]
  per_channel_scale2 : Tensor   # [c, 1, 1]

  # Planes [2, h, w] float32.
  def forward(self, z: Tensor, planes: Tensor, causal: bool) -> Tensor:
    h = self.conv1.forward(torch.silu(ltx_normed(z)), [1, 1, 1], causal)
    h = ltx_noised(h, torch.narrow(planes, 0, 0, 1), self.per_channel_scale1)
    h = self.conv2.forward(torch.silu(ltx_normed(h)), [1, 1, 1], causal)
    return z + ltx_noised(h, torch.narrow(planes, 0, 1, 1), self.per_channel_scale2)


# Scaled and shifted too by the noise that is left in the latent, tones [B, 4 c].
class LtxNoisyTimedResnet(Module):
  conv1 : LtxConv
  conv2 : LtxConv
  per_channel_scale1 : Tensor   # [c, 1, 1]
  per_channel_scale2 : Tensor   # [c, 1, 1]
  scale_shift_table : Tensor    # [4, c]

  def forward(self, z: Tensor, tones: Tensor, planes: Tensor, causal: bool) -> Tensor:
    shift, scale, shift2, scale2 = ltx_tuned(tones, self.scale_shift_table, z)
    h = self.conv1.forward(torch.silu(ltx_normed(z) * (1 + scale) + shift), [1, 1, 1], causal)
    h = ltx_noised(h, torch.narrow(planes, 0, 0, 1), self.per_channel_scale1)
    h = self.conv2.forward(torch.silu(ltx_normed(h) * (1 + scale2) + shift2), [1, 1, 1], causal)
    return z + ltx_noised(h, torch.narrow(planes, 0, 1, 1), self.per_channel_scale2)


# A clip with a plane [1, h, w] added to all frames, weighed by channel.
def ltx_noised(z: Tensor, plane: Tensor, weights: Tensor) -> Tensor:
  return z + torch.unsqueeze(torch.to(plane, ops.prim.dtype(z)) * weights, 1)
