# The first level of `objects`: 1,024 coloured points, in k-d order.
#
# A diffusion transformer (Peebles & Xie 2023) over 64 tokens of 16 k-d neighbours. The noise level and the sentence,
# summed up, scale, shift and gate every block through one layer that all share and an offset of each block's own
# (adaLN-single, Chen et al. 2023); twice the tokens attend to the words of the sentence; long skips join the outer blocks
# (Bao et al. 2023).
#
#   x [B, 1024, 6] float32, noise [B] float32, text [B, length, 384] float32, zeros after the sentence's end
#   -> [B, 1024, 6] float32

from blocks.attention import attention, heads
from blocks.linear import Linear, same
from blocks.norm import normal
from blocks.sentence import listen
from blocks.waves import waves


class Network(Module):
  precision : int
  mood : Caption
  enter : Linear        # n=96 m=d gain=1
  place : Tensor        # [64, d] normal 0.5
  b0 : Block
  look0 : Look
  b1 : Block
  b2 : Block
  look2 : Look
  join3 : Linear        # n=2*d m=d gain=1
  b3 : Block
  join4 : Linear        # n=2*d m=d gain=1
  b4 : Block
  tune : Linear         # n=d m=2*d gain=0
  leave : Linear        # n=d m=96 gain=0

  def forward(self, x: Tensor, noise: Tensor, text: Tensor) -> Tensor:
    mood, tones, words, absent = self.mood.forward(noise, text, self.precision)

    z = self.enter.forward(torch.to(torch.reshape(x, [-1, 64, 96]), self.precision))
    z0 = self.look0.forward(self.b0.forward(z + same(self.place, z), tones), words, absent)
    z1 = self.b1.forward(z0, tones)
    z2 = self.look2.forward(self.b2.forward(z1, tones), words, absent)
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


# Every token attends to the words.
class Look(Module):
  query : Linear        # n=d m=d gain=1
  key : Linear          # n=d m=d gain=1
  value : Linear        # n=d m=d gain=1
  join : Linear         # n=d m=d gain=0

  def forward(self, z: Tensor, words: Tensor, absent: Tensor) -> Tensor:
    k = heads(self.key.forward(words))
    v = heads(self.value.forward(words))
    seen = listen(heads(self.query.forward(normal(z))), k, v, absent)
    return z + self.join.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))


# How the sentence is heard. The mean of its words, for which the encoder was trained (Reimers and Gurevych 2019), and the
# noise level become the mood; the words themselves are left for attention.
class Caption(Module):
  hear : Linear         # n=384 m=d gain=1
  widen : Linear        # n=384 m=2*d gain=1
  more : Linear         # n=2*d m=d gain=0
  silence : Tensor      # [d] normal 1
  meaning : Linear      # n=d m=d gain=1
  pitch : Linear        # n=64 m=d gain=1
  level : Linear        # n=d m=d gain=1
  tones : Linear        # n=d m=6*d gain=0
  word : Linear         # n=384 m=d gain=1

  # The mood [B, d]; a scale, a shift and a gate for both halves of a block, the tones [B, 6, d] (adaLN-single, Chen et
  # al. 2023); the words [B, 1 + length, d]; and which of them are absent, [B, 1, 1, 1 + length], 0 or a large negative
  # number that is added to attention's scores. The first word is silence, which is always there: a text of zeros leaves
  # nothing else, which is how the unconditional estimate of guidance is asked for. In float32 up to the end.
  def forward(self, noise: Tensor, text: Tensor, precision: int) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    said = torch.to(torch.gt(torch.sum(torch.abs(text), [2]), 0), 6)
    any = torch.amax(said, [1], True)
    whole = normal(torch.sum(text, [1]))
    total = normal(self.hear.forward(whole)) + self.more.forward(torch.relu(self.widen.forward(whole)))
    meaning = self.meaning.forward(normal(total * any + self.silence * (1 - any)))
    level = self.level.forward(torch.silu(self.pitch.forward(waves(noise, 32, 0.119, 0.5))))
    mood = torch.silu(torch.to(meaning + level, precision))

    silence = torch.expand(torch.reshape(torch.to(self.silence, 6), [1, 1, -1]), [torch.size(text, 0), 1, -1])
    words = torch.cat([silence, normal(self.word.forward(text))], 1)
    absent = torch.cat([torch.zeros_like(torch.narrow(said, 1, 0, 1)), (said - 1) * 10000.], 1)
    absent = torch.to(torch.unsqueeze(torch.unsqueeze(absent, 1), 1), precision)
    return (mood, torch.unflatten(self.tones.forward(mood), -1, [6, -1]), torch.to(words, precision), absent)
