from blocks.heads import attend, split
from blocks.linear import Linear, same
from blocks.norms import LayerNorm, RmsNorm
from blocks.rotary import turned


# Parts of the transformer of Wan (Wan Team 2025, arXiv:2503.20314).


# The image that a clip begins with, as CLIP sees it.
class WanImageEmbedder(Module):
  norm1 : LayerNorm
  ff : WanImageFeedForward
  norm2 : LayerNorm

  def forward(self, z: Tensor) -> Tensor:
    return self.norm2.forward(self.ff.forward(self.norm1.forward(z, 1e-05)), 1e-05)


# The images that a clip begins and ends with: two rows of a batch make one.
class WanImagePairEmbedder(Module):
  norm1 : LayerNorm
  ff : WanImageFeedForward
  norm2 : LayerNorm
  pos_embed : Tensor    # [1, tokens, n]

  def forward(self, z: Tensor) -> Tensor:
    both = torch.reshape(z, [-1, 2 * torch.size(z, 1), torch.size(z, 2)]) + same(self.pos_embed, z)
    return self.norm2.forward(self.ff.forward(self.norm1.forward(both, 1e-05)), 1e-05)


class WanImageFeedForward(Module):
  net : WanImageFeedForwardNet

  def forward(self, z: Tensor) -> Tensor:
    return self.net._2.forward(torch.gelu(self.net._0.proj.forward(z)))


class WanImageFeedForwardNet(Module):
  _0 : WanImageFeedForwardEntry
  _2 : Linear


class WanImageFeedForwardEntry(Module):
  proj : Linear


class WanProjections(Module):
  _0 : Linear


# Attention of clip tokens among themselves. Queries and keys are normed over all heads together.
class WanSelfAttention(Module):
  to_q : Linear
  to_k : Linear
  to_v : Linear
  to_out : WanProjections
  norm_q : RmsNorm
  norm_k : RmsNorm

  # z [B, N, d], cosines and sines [N, d / heads / 2].
  def forward(self, z: Tensor, cosines: Tensor, sines: Tensor, heads: int, eps: float) -> Tensor:
    q = turned(split(self.norm_q.forward(self.to_q.forward(z), eps), heads), cosines, sines)
    k = turned(split(self.norm_k.forward(self.to_k.forward(z), eps), heads), cosines, sines)
    seen = torch.scaled_dot_product_attention(q, k, split(self.to_v.forward(z), heads))
    return self.to_out._0.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))


# Attention of clip tokens to the prompt. Nothing is masked: padding was trained to be zeros.
class WanCrossAttention(Module):
  to_q : Linear
  to_k : Linear
  to_v : Linear
  to_out : WanProjections
  norm_q : RmsNorm
  norm_k : RmsNorm

  def forward(self, z: Tensor, context: Tensor, heads: int, eps: float) -> Tensor:
    q = self.norm_q.forward(self.to_q.forward(z), eps)
    k = self.norm_k.forward(self.to_k.forward(context), eps)
    return self.to_out._0.forward(attend(q, k, self.to_v.forward(context), heads))


# The same, where the context begins with an image and has keys and values of its own for it.
class WanImageCrossAttention(Module):
  to_q : Linear
  to_k : Linear
  to_v : Linear
  to_out : WanProjections
  norm_q : RmsNorm
  norm_k : RmsNorm
  add_k_proj : Linear
  add_v_proj : Linear
  norm_added_k : RmsNorm

  # The text is the last 512 of the context. Where it is shorter, the field cuts 512 from its end, so that what is left
  # counts as image; the same is done here.
  def forward(self, z: Tensor, context: Tensor, heads: int, eps: float) -> Tensor:
    length = torch.size(context, 1)
    cut = length - 512
    if cut < 0:
      cut = max(length + cut, 0)
    image = torch.narrow(context, 1, 0, cut)
    text = torch.narrow(context, 1, cut, length - cut)
    q = self.norm_q.forward(self.to_q.forward(z), eps)
    k = self.norm_k.forward(self.to_k.forward(text), eps)
    seen = attend(q, k, self.to_v.forward(text), heads)
    if cut > 0:
      k = self.norm_added_k.forward(self.add_k_proj.forward(image), eps)
      seen = seen + attend(q, k, self.add_v_proj.forward(image), heads)
    return self.to_out._0.forward(seen)


# Cosines and sines of the angles by which a head's pairs of channels are turned, [frames * height * width, d / 2] float32
# each. Rows and columns turn a third of the channels each, frames the rest. Where a third is odd (in no published size)
# the field parts a pair: its cosine is of the row and its sine of the column.
def wan_turns(frames: int, height: int, width: int, d: int, z: Tensor) -> Tuple[Tensor, Tensor]:
  side = 2 * (d // 6)
  pace = torch.cat([paces(d - 2 * side, z), paces(side, z), paces(side, z)])
  third = d // 3
  rest = d - 2 * third
  t = torch.reshape(along(frames, torch.narrow(pace, 0, 0, rest)), [frames, 1, 1, rest])
  y = torch.reshape(along(height, torch.narrow(pace, 0, rest, third)), [1, height, 1, third])
  x = torch.reshape(along(width, torch.narrow(pace, 0, rest + third, third)), [1, 1, width, third])
  every = [frames, height, width, -1]
  angles = torch.cat([torch.expand(t, every), torch.expand(y, every), torch.expand(x, every)], -1)
  first, second = torch.unbind(torch.reshape(angles, [-1, d // 2, 2]), -1)
  return (torch.to(torch.cos(first), 6), torch.to(torch.sin(second), 6))


# How fast channels turn, each pair alike, [channels] float64.
def paces(channels: int, z: Tensor) -> Tensor:
  power = torch.arange(0, channels, 2, dtype=7, device=ops.prim.device(z)) / channels
  return torch.repeat_interleave(torch.pow(10000., -power), 2)


def along(places: int, pace: Tensor) -> Tensor:
  return torch.unsqueeze(torch.arange(places, dtype=7, device=ops.prim.device(pace)), 1) * torch.unsqueeze(pace, 0)
