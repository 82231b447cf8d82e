# The first level of `objects`: 1,024 coloured points, in k-d order.
#
# A diffusion transformer (Peebles & Xie 2023) over 64 tokens of 16 k-d neighbours. The noise level and the words, summed
# up, scale, shift and gate every block through one layer that all share and an offset of each block's own (adaLN-single,
# Chen et al. 2023); long skips join the outer blocks (Bao et al. 2023).
#
#   x [B, 1024, 6] float32, noise [B] float32, words [B, length] int64 -> [B, 1024, 6] float32

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


# What the noise level and the words say: the mood [B, d], and a scale, a shift and a gate for both halves of a block,
# the tones [B, 6, d].
class Mood(Module):
  vectors : Tensor      # [vocabulary, d] normal 1
  silence : Tensor      # [d] normal 1
  meaning : Linear      # n=d m=d gain=1
  pitch : Linear        # n=64 m=d gain=1
  level : Linear        # n=d m=d gain=1
  tones : Linear        # n=d m=6*d gain=0

  # Token 0 is padding; a row of nothing else is heard as silence, which is how the unconditional estimate of guidance is
  # asked for. In float32 up to the end.
  def forward(self, noise: Tensor, words: Tensor, precision: int) -> Tuple[Tensor, Tensor]:
    said = torch.unsqueeze(torch.to(torch.gt(words, 0), 6), -1)
    any = torch.amax(said, [1])
    total = torch.sum(torch.embedding(self.vectors, words) * said, [1])
    meaning = self.meaning.forward(normal(total * any + self.silence * (1 - any)))
    level = self.level.forward(torch.silu(self.pitch.forward(waves(noise))))
    mood = torch.silu(torch.to(meaning + level, precision))
    return (mood, torch.unflatten(self.tones.forward(mood), -1, [6, -1]))


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


class Linear(Module):
  weight : Tensor       # [m, n] normal gain/sqrt(n)
  bias : Tensor         # [m] zero

  def forward(self, z: Tensor) -> Tensor:
    return torch.linear(z, same(self.weight, z), same(self.bias, z))


# A weight in the precision of what it meets; free when they agree.
def same(weight: Tensor, z: Tensor) -> Tensor:
  return torch.to(weight, ops.prim.dtype(z))


# Layer normalisation without weights of its own.
def normal(z: Tensor) -> Tensor:
  return torch.layer_norm(z, [torch.size(z, -1)])


# Written out: on a CPU in bf16 the backward pass of the fused kernel is three times as slow.
def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
  return torch.matmul(torch.softmax(torch.matmul(q, torch.transpose(k, -2, -1)) * 0.17677670, -1), v)


# [B, N, d] -> [B, d/32, N, 32]: attention heads of 32.
def heads(z: Tensor) -> Tensor:
  return torch.transpose(torch.unflatten(z, -1, [-1, 32]), 1, 2)


# The noise level [B] as sines and cosines [B, 64] of 32 frequencies from 0.5 to 20.
def waves(noise: Tensor) -> Tensor:
  pace = torch.exp(torch.arange(32, dtype=6, device=ops.prim.device(noise)) * 0.119) * 0.5
  turn = torch.unsqueeze(noise, 1) * pace
  return torch.cat([torch.sin(turn), torch.cos(turn)], 1)
