# The second level of `clips`: frames between the key frames.
#
# A diffusion transformer over tubelets of 2 frames x 4 x 4 pixels, like the base, but of a window of the clip. It makes
# the residual over `below`, the frames drawn linearly between the keys, and reads both side by side.
#
#   x, below [B, 12, 3, 16, 16] float32, noise [B] float32, words [B, length] int64 -> [B, 12, 3, 16, 16] float32

class Network(Module):
  precision : int
  prompt : Prompt
  enter : Linear        # n=192 m=d gain=1
  place : Tensor        # [96, d] normal 0.5
  b0 : Block
  b1 : Block
  b2 : Block
  b3 : Block
  tune : Linear         # n=d m=2*d gain=0
  leave : Linear        # n=d m=96 gain=0

  def forward(self, x: Tensor, noise: Tensor, words: Tensor, below: Tensor) -> Tensor:
    mood = self.prompt.forward(words, noise, self.precision)

    both = torch.cat([tubelets(x), tubelets(below)], -1)
    z = self.enter.forward(torch.to(both, self.precision))
    z = z + same(self.place, z)

    z = self.b0.forward(z, mood)
    z = self.b1.forward(z, mood)
    z = self.b2.forward(z, mood)
    z = self.b3.forward(z, mood)

    scale, shift = torch.chunk(torch.unsqueeze(self.tune.forward(mood), 1), 2, -1)
    return clip(self.leave.forward(torch.to(normal(z) * (scale + 1) + shift, 6)))


# What the words and the noise level say, summed up: the mood [B, d].
class Prompt(Module):
  words : Tensor        # [vocabulary, d] normal 1
  meaning : Linear      # n=d m=2*d gain=1
  gist : Linear         # n=2*d m=d gain=1
  pitch : Linear        # n=d m=d gain=1
  level : Linear        # n=d m=d gain=1

  # Token 0 is silence: a row of zeros adds nothing, which is how the unconditional estimate of guidance is asked for.
  # In float32 up to the end.
  def forward(self, words: Tensor, noise: Tensor, precision: int) -> Tensor:
    said = torch.unsqueeze(torch.to(torch.gt(words, 0), 6), -1)
    total = torch.sum(torch.embedding(self.words, words) * said, [1]) / 3
    gist = self.gist.forward(torch.silu(self.meaning.forward(normal(total) * 1.5)))
    level = self.level.forward(torch.silu(self.pitch.forward(waves(noise, torch.size(self.words, 1)))))
    return torch.to(torch.silu(normal(gist) * torch.amax(said, [1]) * 1.2 + normal(level)), precision)


# Attention among the tokens, then a layer for each; both scaled, shifted and gated by the mood.
class Block(Module):
  mix : Linear          # n=d m=3*d gain=1
  join : Linear         # n=d m=d gain=1
  widen : Linear        # n=d m=4*d gain=1
  narrow : Linear       # n=4*d m=d gain=1
  tune : Linear         # n=d m=6*d gain=0

  def forward(self, z: Tensor, mood: Tensor) -> Tensor:
    scale, shift, gate, scale2, shift2, gate2 = torch.chunk(torch.unsqueeze(self.tune.forward(mood), 1), 6, -1)
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


# Written out, since the fused kernel's backward pass calls a tiny product per head: 3 times slower on a CPU in bf16.
def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
  return torch.matmul(torch.softmax(torch.matmul(q, torch.transpose(k, -2, -1)) * 0.17677670, -1), v)


# [B, N, d] -> [B, d/32, N, 32]: attention heads of 32.
def heads(z: Tensor) -> Tensor:
  return torch.transpose(torch.unflatten(z, -1, [-1, 32]), 1, 2)


# The noise level [B] as sines and cosines [B, d] of frequencies from 10 down to 0.01.
def waves(noise: Tensor, d: int) -> Tensor:
  pace = torch.exp(torch.arange(d // 2, dtype=6, device=ops.prim.device(noise)) * (-13.815511 / d)) * 10
  turn = torch.unsqueeze(noise, 1) * pace
  return torch.cat([torch.sin(turn), torch.cos(turn)], 1)


# [B, 12, 3, 16, 16] -> [B, 96, 96]: tokens in the order time, row, column; values in the order frame, colour, y, x.
def tubelets(x: Tensor) -> Tensor:
  z = torch.reshape(x, [-1, 6, 2, 3, 4, 4, 4, 4])
  return torch.reshape(torch.permute(z, [0, 1, 4, 6, 2, 3, 5, 7]), [-1, 96, 96])


# The way back.
def clip(z: Tensor) -> Tensor:
  x = torch.permute(torch.reshape(z, [-1, 6, 4, 4, 2, 3, 4, 4]), [0, 1, 4, 5, 2, 6, 3, 7])
  return torch.reshape(x, [-1, 12, 3, 16, 16])
