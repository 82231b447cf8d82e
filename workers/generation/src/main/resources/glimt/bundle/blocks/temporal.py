from blocks.convolution import Conv3d
from blocks.linear import Linear
from blocks.norms import GroupNorm, LayerNorm
from blocks.transformer2d import CrossAttention, FeedForward


# What ModelScope's text-to-video puts between the layers of a U-Net for pictures (Wang et al. 2023). Frames stand among
# the rows, z [B * frames, c, height, width]; group norms are taken over the frames of a clip together.

# A transformer over the frames at each place, added to them.
class TransformerTemporal(Module):
  norm : GroupNorm
  proj_in : Linear
  transformer_blocks : TransformerTemporalBlocks
  proj_out : Linear

  def forward(self, z: Tensor, frames: int, groups: int, heads: int) -> Tensor:
    h = self.norm.forward(as_clips(z, frames), groups, 1e-06)
    h = self.proj_in.forward(torch.permute(h, [0, 3, 4, 2, 1]))
    b, height, width, _, _ = torch.size(h)
    h = self.transformer_blocks._0.forward(torch.flatten(h, 0, 2), heads)
    h = torch.unflatten(self.proj_out.forward(h), 0, [b, height, width])
    return z + torch.flatten(torch.permute(h, [0, 3, 4, 1, 2]), 0, 1)


class TransformerTemporalBlocks(Module):
  _0 : TransformerTemporalBlock


# Attention among the frames twice, then a gated layer for each.
class TransformerTemporalBlock(Module):
  norm1 : LayerNorm
  attn1 : CrossAttention
  norm2 : LayerNorm
  attn2 : CrossAttention
  norm3 : LayerNorm
  ff : FeedForward

  def forward(self, z: Tensor, heads: int) -> Tensor:
    h = self.norm1.forward(z, 1e-05)
    z = z + self.attn1.forward(h, h, heads)
    h = self.norm2.forward(z, 1e-05)
    z = z + self.attn2.forward(h, h, heads)
    return z + self.ff.forward(self.norm3.forward(z, 1e-05))


# Four convolutions over time, added to what they are given.
class TemporalConvLayer(Module):
  conv1 : TemporalConvFirst
  conv2 : TemporalConvNext
  conv3 : TemporalConvNext
  conv4 : TemporalConvNext

  def forward(self, z: Tensor, frames: int, groups: int) -> Tensor:
    h = self.conv1.forward(as_clips(z, frames), groups)
    h = self.conv4.forward(self.conv3.forward(self.conv2.forward(h, groups), groups), groups)
    return z + torch.flatten(torch.transpose(h, 1, 2), 0, 1)


class TemporalConvFirst(Module):
  _0 : GroupNorm
  _2 : Conv3d

  def forward(self, z: Tensor, groups: int) -> Tensor:
    return self._2.forward(torch.silu(self._0.forward(z, groups, 1e-05)), [1, 1, 1], [1, 0, 0])


# The same, of whose published name a dropout takes one number more.
class TemporalConvNext(Module):
  _0 : GroupNorm
  _3 : Conv3d

  def forward(self, z: Tensor, groups: int) -> Tensor:
    return self._3.forward(torch.silu(self._0.forward(z, groups, 1e-05)), [1, 1, 1], [1, 0, 0])


# [B * frames, c, height, width] -> [B, c, frames, height, width]
def as_clips(z: Tensor, frames: int) -> Tensor:
  return torch.transpose(torch.unflatten(z, 0, [-1, frames]), 1, 2)
