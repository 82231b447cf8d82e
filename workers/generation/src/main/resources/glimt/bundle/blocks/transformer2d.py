from blocks.heads import attend
from blocks.linear import Linear
from blocks.norms import LayerNorm
from blocks.projection import Projection


# A layer of the transformers in latent diffusion's U-Nets: attention among the picture's tokens z [B, N, d], attention
# to the text's [B, M, context], and a gated layer for each token (Rombach et al. 2022).
class BasicTransformerBlock(Module):
  norm1 : LayerNorm
  attn1 : CrossAttention
  norm2 : LayerNorm
  attn2 : CrossAttention
  norm3 : LayerNorm
  ff : FeedForward

  def forward(self, z: Tensor, text: Tensor, heads: int, only_cross: bool) -> Tensor:
    h = self.norm1.forward(z, 1e-05)
    seen = h
    if only_cross:
      seen = text
    z = z + self.attn1.forward(h, seen, heads)
    z = z + self.attn2.forward(self.norm2.forward(z, 1e-05), text, heads)
    return z + self.ff.forward(self.norm3.forward(z, 1e-05))


# Attention of tokens z to the tokens of a context, which may be themselves.
class CrossAttention(Module):
  to_q : Projection
  to_k : Projection
  to_v : Projection
  to_out : CrossAttentionOut

  def forward(self, z: Tensor, context: Tensor, heads: int) -> Tensor:
    h = attend(self.to_q.forward(z), self.to_k.forward(context), self.to_v.forward(context), heads)
    return self.to_out._0.forward(h)


class CrossAttentionOut(Module):
  _0 : Linear


# A layer whose second half gates the first (GEGLU, Shazeer 2020).
class FeedForward(Module):
  net : FeedForwardNet

  def forward(self, z: Tensor) -> Tensor:
    h, gate = torch.chunk(self.net._0.proj.forward(z), 2, -1)
    return self.net._2.forward(h * torch.gelu(gate))


class FeedForwardNet(Module):
  _0 : FeedForwardGate
  _2 : Linear


class FeedForwardGate(Module):
  proj : Linear
