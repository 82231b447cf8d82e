from blocks.convolution import Conv3d
from blocks.embedders import TimestepEmbedder
from blocks.norms import LayerNorm


# Parts of LTX-Video's codec (HaCohen et al. 2024, arXiv:2501.00103). Clips are laid out [B, channels, frames, height,
# width] in it.


# The first frame is repeated before the clip or, where it is not causal, the first and the last around it.
class LtxConv(Module):
  conv : Conv3d

  def forward(self, z: Tensor, stride: List[int], causal: bool) -> Tensor:
    around = torch.size(self.conv.weight, 2) - 1
    side = torch.size(self.conv.weight, 4) // 2
    first = torch.narrow(z, 2, 0, 1)
    if causal:
      seen = torch.cat([torch.repeat(first, [1, 1, around, 1, 1]), z], 2)
    else:
      half = [1, 1, around // 2, 1, 1]
      last = torch.narrow(z, 2, torch.size(z, 2) - 1, 1)
      seen = torch.cat([torch.repeat(first, half), z, torch.repeat(last, half)], 2)
    return self.conv.forward(seen, stride, [0, side, side])


class LtxResnet(Module):
  conv1 : LtxConv
  conv2 : LtxConv

  def forward(self, z: Tensor, causal: bool) -> Tensor:
    h = self.conv1.forward(torch.silu(ltx_normed(z)), [1, 1, 1], causal)
    return z + self.conv2.forward(torch.silu(ltx_normed(h)), [1, 1, 1], causal)


# To another number of channels.
class LtxWideningResnet(Module):
  conv1 : LtxConv
  conv2 : LtxConv
  norm3 : LayerNorm
  conv_shortcut : LtxConv

  def forward(self, z: Tensor, causal: bool, eps: float) -> Tensor:
    h = self.conv1.forward(torch.silu(ltx_normed(z)), [1, 1, 1], causal)
    h = self.conv2.forward(torch.silu(ltx_normed(h)), [1, 1, 1], causal)
    way = torch.movedim(self.norm3.forward(torch.movedim(z, 1, -1), eps), -1, 1)
    return h + self.conv_shortcut.forward(way, [1, 1, 1], causal)


# Scaled and shifted by the noise that is left in the latent, tones [B, 4 c].
class LtxTimedResnet(Module):
  conv1 : LtxConv
  conv2 : LtxConv
  scale_shift_table : Tensor    # [4, c]

  def forward(self, z: Tensor, tones: Tensor, causal: bool) -> Tensor:
    shift, scale, shift2, scale2 = ltx_tuned(tones, self.scale_shift_table, z)
    h = self.conv1.forward(torch.silu(ltx_normed(z) * (1 + scale) + shift), [1, 1, 1], causal)
    return z + self.conv2.forward(torch.silu(ltx_normed(h) * (1 + scale2) + shift2), [1, 1, 1], causal)


# Blocks of places become channels; what they were goes past the convolution as means.
class LtxDownsampler(Module):
  conv : LtxConv

  def forward(self, z: Tensor, stride: List[int], causal: bool) -> Tensor:
    z = torch.cat([torch.narrow(z, 2, 0, stride[0] - 1), z], 2)
    h = ltx_folded(self.conv.forward(z, [1, 1, 1], causal), stride)
    groups = torch.unflatten(ltx_folded(z, stride), 1, [torch.size(h, 1), -1])
    return h + torch.mean(groups, [2])


# Twice as many frames, rows and columns. The first frame is dropped: 1 + n become 1 + 2 n.
class LtxUpsampler(Module):
  conv : LtxConv

  # What goes past the convolution is repeated to its channels; 0 times is not at all.
  def forward(self, z: Tensor, times: int, causal: bool) -> Tensor:
    h = ltx_unfolded(self.conv.forward(z, [1, 1, 1], causal))
    if times > 0:
      h = h + torch.repeat(ltx_unfolded(z), [1, times, 1, 1, 1])
    return h


class LtxUpsamplers(Module):
  _0 : LtxUpsampler


# The tones of a block's resnets, [B, d] float32, for timesteps [B].
class LtxTones(Module):
  timestep_embedder : TimestepEmbedder

  def forward(self, t: Tensor) -> Tensor:
    return self.timestep_embedder.forward(t, 256)


# By the root mean square of a place's channels.
def ltx_normed(z: Tensor) -> Tensor:
  f = torch.to(z, 6)
  return torch.to(f * torch.rsqrt(torch.mean(f * f, [1], True) + 1e-08), ops.prim.dtype(z))


# Shifts and scales [B, c, 1, 1, 1], in turns, in the precision of z.
def ltx_tuned(tones: Tensor, table: Tensor, z: Tensor) -> List[Tensor]:
  tuned = torch.unflatten(tones, 1, [torch.size(table, 0), -1]) + torch.to(table, 6)
  tuned = torch.to(torch.reshape(tuned, [torch.size(tuned, 0), torch.size(table, 0), -1, 1, 1, 1]), ops.prim.dtype(z))
  return torch.unbind(tuned, 1)


# Blocks of places as channels, in the order frame, row, column.
def ltx_folded(z: Tensor, stride: List[int]) -> Tensor:
  b, c, t, h, w = torch.size(z)
  x = torch.reshape(z, [b, c, t // stride[0], stride[0], h // stride[1], stride[1], w // stride[2], stride[2]])
  return torch.flatten(torch.permute(x, [0, 1, 3, 5, 7, 2, 4, 6]), 1, 4)


def ltx_unfolded(z: Tensor) -> Tensor:
  b, c, t, h, w = torch.size(z)
  x = torch.permute(torch.reshape(z, [b, c // 8, 2, 2, 2, t, h, w]), [0, 1, 5, 2, 6, 3, 7, 4])
  return torch.narrow(torch.reshape(x, [b, c // 8, 2 * t, 2 * h, 2 * w]), 2, 1, 2 * t - 1)


# Patches of places as channels, in the order frame, COLUMN, row.
def ltx_patches(z: Tensor, patch_t: int, patch: int) -> Tensor:
  b, c, t, h, w = torch.size(z)
  x = torch.reshape(z, [b, c, t // patch_t, patch_t, h // patch, patch, w // patch, patch])
  return torch.flatten(torch.permute(x, [0, 1, 3, 7, 5, 2, 4, 6]), 1, 4)


def ltx_places(z: Tensor, patch_t: int, patch: int) -> Tensor:
  b, c, t, h, w = torch.size(z)
  m = c // (patch_t * patch * patch)
  x = torch.permute(torch.reshape(z, [b, m, patch_t, patch, patch, t, h, w]), [0, 1, 5, 2, 6, 4, 7, 3])
  return torch.reshape(x, [b, m, t * patch_t, h * patch, w * patch])
