# The fourth level of `clips`: more pixels.
#
# A small U-Net (Ronneberger et al. 2015; Ho et al. 2020) over a window of frames and a tile of pixels. It makes the
# residual over `below`, the tile drawn bilinearly from the level before. Frames learn of each other by handing some
# channels to the next and the one before (temporal shift, Lin et al. 2019), which costs nothing. Every norm is over
# the channels of one place: a norm over the tile would give two neighbouring tiles two brightnesses.
#
# Inside, values are laid out [B, frames, height, width, channels].
#
#   x, below [B, 9, 3, 72, 72] float32, noise [B] float32, words [B, length] int64 -> [B, 9, 3, 72, 72] float32

class Network(Module):
  precision : int
  prompt : Prompt
  enter : Linear        # n=24 m=c gain=1
  in0 : Block           # c=c
  down : Linear         # n=4*c m=2*c gain=1
  b0 : Block            # c=2*c
  b1 : Block            # c=2*c
  b2 : Block            # c=2*c
  up : Linear           # n=2*c m=4*c gain=1
  join : Linear         # n=2*c m=c gain=1
  out0 : Block          # c=c
  leave : Linear        # n=c m=12 gain=0

  def forward(self, x: Tensor, noise: Tensor, words: Tensor, below: Tensor) -> Tensor:
    mood = self.prompt.forward(words, noise, self.precision)

    both = torch.permute(torch.cat([x, below], 2), [0, 1, 3, 4, 2])
    fine = self.in0.forward(self.enter.forward(patches(torch.to(both, self.precision))), mood)

    z = self.down.forward(patches(fine))
    z = self.b0.forward(z, mood)
    z = self.b1.forward(z, mood)
    z = self.b2.forward(z, mood)

    z = self.join.forward(torch.cat([places(self.up.forward(z)), fine], -1))
    z = self.out0.forward(z, mood)
    return torch.permute(places(self.leave.forward(torch.to(normal(z), 6))), [0, 1, 4, 2, 3])


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


# Two convolutions around a step in time, scaled, shifted and gated by the mood.
class Block(Module):
  first : Convolution   # n=c m=c gain=1
  second : Convolution  # n=c m=c gain=1
  tune : Linear         # n=d m=3*c gain=0

  def forward(self, z: Tensor, mood: Tensor) -> Tensor:
    tune = torch.reshape(self.tune.forward(mood), [torch.size(z, 0), 1, 1, 1, -1])
    scale, shift, gate = torch.chunk(tune, 3, -1)
    h = self.first.forward(handed(normal(z) * (scale + 1) + shift))
    return z + gate * self.second.forward(torch.silu(h))


# 3 x 3 within each frame.
class Convolution(Module):
  weight : Tensor       # [m, n, 3, 3] normal gain/sqrt(9*n)
  bias : Tensor         # [m] zero

  def forward(self, z: Tensor) -> Tensor:
    frames = torch.permute(torch.flatten(z, 0, 1), [0, 3, 1, 2])
    h = torch.conv2d(frames, same(self.weight, z), same(self.bias, z), [1, 1], [1, 1], [1, 1], 1)
    return torch.unflatten(torch.permute(h, [0, 2, 3, 1]), 0, [torch.size(z, 0), torch.size(z, 1)])


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


# A quarter of the channels comes from the frame before, a quarter from the one after; at the ends they are 0.
def handed(z: Tensor) -> Tensor:
  quarter = torch.size(z, -1) // 4
  last = torch.size(z, 1) - 1
  nothing = torch.zeros_like(torch.narrow(torch.narrow(z, 1, 0, 1), -1, 0, quarter))
  before = torch.cat([nothing, torch.narrow(torch.narrow(z, 1, 0, last), -1, 0, quarter)], 1)
  after = torch.cat([torch.narrow(torch.narrow(z, 1, 1, last), -1, quarter, quarter), nothing], 1)
  return torch.cat([before, after, torch.narrow(z, -1, 2 * quarter, torch.size(z, -1) - 2 * quarter)], -1)


# The noise level [B] as sines and cosines [B, d] of frequencies from 10 down to 0.01.
def waves(noise: Tensor, d: int) -> Tensor:
  pace = torch.exp(torch.arange(d // 2, dtype=6, device=ops.prim.device(noise)) * (-13.815511 / d)) * 10
  turn = torch.unsqueeze(noise, 1) * pace
  return torch.cat([torch.sin(turn), torch.cos(turn)], 1)


# Each square of 2 x 2 places becomes one place of 4 times the channels.
def patches(z: Tensor) -> Tensor:
  b, t, h, w, c = torch.size(z)
  z = torch.permute(torch.reshape(z, [b, t, h // 2, 2, w // 2, 2, c]), [0, 1, 2, 4, 3, 5, 6])
  return torch.reshape(z, [b, t, h // 2, w // 2, 4 * c])


# The way back.
def places(z: Tensor) -> Tensor:
  b, t, h, w, c = torch.size(z)
  z = torch.permute(torch.reshape(z, [b, t, h, w, 2, 2, c // 4]), [0, 1, 2, 4, 3, 5, 6])
  return torch.reshape(z, [b, t, 2 * h, 2 * w, c // 4])
