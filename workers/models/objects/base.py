# The first level of `objects`: 1,024 coloured points, in k-d order.
#
# A diffusion transformer (Peebles & Xie 2023) over 64 tokens of 16 k-d neighbours. The noise level and the words, summed
# up, scale, shift and gate every block through one layer that all share and an offset of each block's own (adaLN-single,
# Chen et al. 2023); long skips join the outer blocks (Bao et al. 2023).
#
#   x [B, 1024, 6] float32, noise [B] float32, words [B, length] int64 -> [B, 1024, 6] float32

from blocks.attention import attention, heads
from blocks.linear import Linear, same
from blocks.mood import Mood
from blocks.norm import normal


class Network(Module):
  precision : int
  mood : Mood
  enter : Linear        # n=96 m=d gain=1
  place : Tensor        # [64, d] normal 0.5
  b0 : Block
  b1 : Block
  b2 : Block
  join3 : Linear        # n=2*d m=d gain=1
  b3 : Block
  join4 : Linear        # n=2*d m=d gain=1
  b4 : Block
  tune : Linear         # n=d m=2*d gain=0
  leave : Linear        # n=d m=96 gain=0

  def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
    mood, tones = self.mood.forward(noise, words, self.precision)

    z = self.enter.forward(torch.to(torch.reshape(x, [-1, 64, 96]), self.precision))
    z0 = self.b0.forward(z + same(self.place, z), tones)
    z1 = self.b1.forward(z0, tones)
    z2 = self.b2.forward(z1, tones)
    z3 = self.b3.forward(self.join3.forward(torch.cat([z2, z1], -1)), tones)
    z4 = self.b4.forward(self.join4.forward(torch.cat([z3, z0], -1)), tones)

    scale, shift = torch.chunk(torch.unsqueeze(self.tune.forward(mood), 1), 2, -1)
    y = self.leave.forward(normal(z4) * (scale + 1) + shift)
    return torch.to(torch.reshape(y, [-1, 1024, 6]), 6)


# Attention among the tokens, then a layer for each.
class Block(Module):
  offset : Tensor       # [6, d] zero
  mix : Linear          # n=d m=3*d gain=1
  join : Linear         # n=d m=d gain=1
  widen : Linear        # n=d m=3*d gain=1
  narrow : Linear       # n=3*d m=d gain=1

  def forward(self, z: Tensor, tones: Tensor) -> Tensor:
    scale, shift, gate, scale2, shift2, gate2 = torch.chunk(tones + same(self.offset, tones), 6, 1)
    q, k, v = torch.chunk(self.mix.forward(normal(z) * (scale + 1) + shift), 3, -1)
    seen = attention(heads(q), heads(k), heads(v))
    z1 = z + gate * self.join.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))
    return z1 + gate2 * self.narrow.forward(torch.gelu(self.widen.forward(normal(z1) * (scale2 + 1) + shift2)))
