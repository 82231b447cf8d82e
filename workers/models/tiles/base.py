# The first level of `clips`: a whole small clip at once.
#
# A diffusion transformer (Peebles & Xie 2023) over tubelets of 2 frames x 4 x 4 pixels. Every token sees every
# other, so that a motion named in the prompt can plan the path through all frames. The prompt enters twice: as
# tokens of its own beside the clip's, and summed up, as scale and shift of every layer (adaLN-zero).
#
#   x [B, 8, 3, 16, 16] float32, noise [B] float32, words [B, length] int64 -> [B, 8, 3, 16, 16] float32

from blocks.attention import attention, heads
from blocks.linear import Linear, same
from blocks.norm import normal
from blocks.waves import waves


class Network(Module):
  precision : int
  prompt : Prompt
  enter : Linear        # n=96 m=d gain=1
  place : Tensor        # [64, d] normal 0.5
  accent : Tensor       # [64, d] normal 0.5
  stress : Linear       # n=d m=d gain=1
  b0 : Block
  b1 : Block
  b2 : Block
  b3 : Block
  b4 : Block
  b5 : Block
  tune : Linear         # n=d m=2*d gain=0
  leave : Linear        # n=d m=96 gain=0

  def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:
    spoken, mood = self.prompt.forward(words, noise, self.precision)

    z = self.enter.forward(tubelets(torch.to(x, self.precision)))
    z = z + same(self.place, z) + same(self.accent, z) * torch.unsqueeze(self.stress.forward(mood), 1)

    z = torch.cat([z, spoken], 1)
    z = self.b0.forward(z, mood)
    z = self.b1.forward(z, mood)
    z = self.b2.forward(z, mood)
    z = self.b3.forward(z, mood)
    z = self.b4.forward(z, mood)
    z = self.b5.forward(z, mood)
    z = torch.narrow(z, 1, 0, 64)

    scale, shift = torch.chunk(torch.unsqueeze(self.tune.forward(mood), 1), 2, -1)
    return clip(self.leave.forward(torch.to(normal(z) * (scale + 1) + shift, 6)))


# What the words and the noise level say.
class Prompt(Module):
  words : Tensor        # [vocabulary, d] normal 1
  order : Tensor        # [length, d] normal 0.3
  meaning : Linear      # n=d m=2*d gain=1
  gist : Linear         # n=2*d m=d gain=1
  pitch : Linear        # n=d m=d gain=1
  level : Linear        # n=d m=d gain=1

  # The prompt as tokens [B, length, d], and its sum with the noise level, the mood [B, d]. Token 0 is silence: a row
  # of zeros adds nothing, which is how the unconditional estimate of guidance is asked for. In float32 up to the end.
  def forward(self, words: Tensor, noise: Tensor, precision: int) -> Tuple[Tensor, Tensor]:
    said = torch.unsqueeze(torch.to(torch.gt(words, 0), 6), -1)
    each = torch.embedding(self.words, words)
    spoken = (each + self.order) * said

    total = torch.sum(each * said, [1]) / 3
    gist = self.gist.forward(torch.silu(self.meaning.forward(normal(total) * 1.5)))
    any = torch.amax(said, [1])
    d = torch.size(self.words, 1)
    level = self.level.forward(torch.silu(self.pitch.forward(waves(noise, d // 2, -13.815511 / d, 10.))))
    mood = torch.silu(normal(gist) * any * 1.2 + normal(level))
    return (torch.to(spoken, precision), torch.to(mood, precision))


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


# [B, 8, 3, 16, 16] -> [B, 64, 96]: tokens in the order time, row, column; values in the order frame, colour, y, x.
def tubelets(x: Tensor) -> Tensor:
  z = torch.reshape(x, [-1, 4, 2, 3, 4, 4, 4, 4])
  return torch.reshape(torch.permute(z, [0, 1, 4, 6, 2, 3, 5, 7]), [-1, 64, 96])


# The way back.
def clip(z: Tensor) -> Tensor:
  x = torch.permute(torch.reshape(z, [-1, 4, 4, 4, 2, 3, 4, 4]), [0, 1, 4, 5, 2, 6, 3, 7])
  return torch.reshape(x, [-1, 8, 3, 16, 16])
