# The second level of `objects`: four children of each base point, as residuals over it, 256 parents at a time.
#
# Each parent looks at its eight nearest neighbours, whatever their place in the order: they show how the surface lies
# there, and what is answered is above all a weighing of the ways to them (after Satorras et al. 2021). A transformer over
# 64 tokens of 4 parents lets the parents agree; beside each other the tokens see the whole base as 64 more tokens of 16.
# The estimate of the children is smoothed a little: each keeps an error of its own, and a plane through neighbours none.
#
#   x [B, 1024, 6] float32, noise [B] float32, text [B, length, 384] float32, zeros after the sentence's end,
#   below [B, 1024, 6] float32: the base in k-d order, turned so that the 256 parents come first
#   -> [B, 1024, 6] float32

from blocks.attention import attention, heads
from blocks.linear import Linear, same
from blocks.norm import normal
from blocks.waves import waves


class Network(Module):
  precision : int
  mood : Mood
  survey : Linear       # n=102 m=d gain=1
  place : Tensor        # [64, d] normal 0.5
  look : Linear         # n=104 m=96 gain=1.4
  pitch : Linear        # n=d m=96 gain=1
  see : Linear          # n=96 m=96 gain=1.4
  enter : Linear        # n=414 m=d gain=1
  order : Tensor        # [64, d] normal 0.5
  b0 : Block
  b1 : Block
  tune : Linear         # n=d m=2*d gain=0
  spread : Linear       # n=d m=384 gain=1
  settle : Linear       # n=192 m=128 gain=1.4
  leave : Linear        # n=128 m=60 gain=0

  def forward(self, x: Tensor, noise: Tensor, text: Tensor, below: Tensor) -> Tensor:
    mood, tones = self.mood.forward(noise, text, self.precision)

    far = self.survey.forward(torch.to(local(below, 16), self.precision))
    around = normal(far + same(self.place, far))

    children = torch.reshape(x, [-1, 256, 4, 6])
    ways = neighbours(below)
    along = torch.matmul(torch.narrow(children, 3, 0, 3), torch.transpose(torch.narrow(ways, 3, 0, 3), 2, 3))
    found = torch.cat([torch.flatten(ways, 2), torch.flatten(children, 2), torch.flatten(along, 2)], -1)
    looked = self.look.forward(torch.to(found, self.precision)) + torch.unsqueeze(self.pitch.forward(mood), 1)
    seen = torch.gelu(self.see.forward(torch.gelu(looked)))

    parents = torch.to(local(torch.narrow(below, 1, 0, 256), 4), self.precision)
    z = self.enter.forward(torch.cat([torch.reshape(seen, [-1, 64, 384]), parents], -1))
    z0 = self.b0.forward(z + same(self.order, z), around, tones)
    z1 = self.b1.forward(z0, around, tones)

    scale, shift = torch.chunk(torch.unsqueeze(self.tune.forward(mood), 1), 2, -1)
    agreed = torch.reshape(self.spread.forward(normal(z1) * (scale + 1) + shift), [-1, 256, 96])
    settled = torch.gelu(self.settle.forward(torch.cat([agreed, seen], -1)))
    answer = torch.unflatten(torch.to(self.leave.forward(settled), 6), -1, [4, 15])
    own = torch.narrow(answer, 3, 0, 6) + torch.narrow(answer, 3, 6, 1) * children
    told = torch.reshape(own + torch.matmul(torch.narrow(answer, 3, 7, 8), ways), [-1, 1024, 6])

    # The estimate of the residuals is (x + level F) / whole, in the terms of Karras et al. (2022, Table 1).
    level = torch.reshape(torch.exp(noise * 4), [-1, 1, 1])
    whole = torch.sqrt(level * level + 1)
    residuals = (x + level * told) / whole
    homes = torch.repeat_interleave(torch.narrow(below, 1, 0, 256), 4, 1)
    return told + smoothing(units(homes) + residuals) * whole / level


# What the mean of the sentence's words and the noise level say, as in `base`, where the words are heard one by one too.
class Mood(Module):
  hear : Linear         # n=384 m=d gain=1
  silence : Tensor      # [d] normal 1
  meaning : Linear      # n=d m=d gain=1
  pitch : Linear        # n=64 m=d gain=1
  level : Linear        # n=d m=d gain=1
  tones : Linear        # n=d m=6*d gain=0

  def forward(self, noise: Tensor, text: Tensor, precision: int) -> Tuple[Tensor, Tensor]:
    any = torch.unsqueeze(torch.to(torch.gt(torch.amax(torch.abs(text), [1, 2]), 0), 6), 1)
    total = self.hear.forward(normal(torch.sum(text, [1])))
    meaning = self.meaning.forward(normal(normal(total) * any + self.silence * (1 - any)))
    level = self.level.forward(torch.silu(self.pitch.forward(waves(noise, 32, 0.119, 0.5))))
    mood = torch.silu(torch.to(meaning + level, precision))
    return (mood, torch.unflatten(self.tones.forward(mood), -1, [6, -1]))


# The ways from each of the first 256 points to its eight nearest, [B, 256, 8, 6], in units of the residual.
def neighbours(below: Tensor) -> Tensor:
  parents = torch.narrow(below, 1, 0, 256)
  distance = torch.cdist(torch.narrow(parents, 2, 0, 3), torch.narrow(below, 2, 0, 3), 2., 2)
  distances, nearest = torch.topk(distance, 9, -1, False)
  index = torch.expand(torch.unsqueeze(torch.narrow(nearest, 2, 1, 8), -1), [-1, -1, -1, 6])
  near = torch.gather(torch.expand(torch.unsqueeze(below, 1), [-1, 256, -1, -1]), 2, index)
  return units(near - torch.unsqueeze(parents, 2))


# Values [..., 6] in units of the residual.
def units(values: Tensor) -> Tensor:
  return torch.cat([torch.narrow(values, -1, 0, 3) * 10, torch.narrow(values, -1, 3, 3) * 3.3333], -1)


# Half of the way of each point [B, N, 6] onto the plane of its neighbours (moving least squares, Alexa et al. 2003), and
# 0.2 of the way to their colour; the whole way would round corners off. The plane's normal belongs to the least
# eigenvalue of their covariance, so it dominates the powers of the adjugate, whose columns are products of the
# covariance's rows.
def smoothing(points: Tensor) -> Tensor:
  places = torch.narrow(points, 2, 0, 3)
  squares, nearest = torch.topk(torch.cdist(places, places, 2., 2), 16, -1, False)
  size = torch.size(points, 1)
  index = torch.expand(torch.unsqueeze(nearest, -1), [-1, -1, -1, 6])
  near = torch.gather(torch.expand(torch.unsqueeze(points, 1), [-1, size, -1, -1]), 2, index)
  square = squares * squares
  weight = torch.exp(square * -2 / (torch.amax(square, [2], True) + 0.0001))
  weight = torch.unsqueeze(weight / torch.sum(weight, [2], True), 3)
  mean = torch.sum(near * weight, [2], True)
  way = torch.narrow(mean, 3, 0, 3) - torch.unsqueeze(places, 2)
  off = torch.narrow(near - mean, 3, 0, 3)
  spread = torch.matmul(torch.transpose(off * weight, 2, 3), off)
  a = torch.narrow(spread, 2, 0, 1)
  b = torch.narrow(spread, 2, 1, 1)
  c = torch.narrow(spread, 2, 2, 1)
  plane = torch.cat([torch.cross(b, c, 3), torch.cross(c, a, 3), torch.cross(a, b, 3)], 2)
  plane = balanced(plane)
  plane = balanced(torch.matmul(plane, plane))
  plane = balanced(torch.matmul(plane, plane))
  colour = torch.squeeze(torch.narrow(mean, 3, 3, 3), 2) - torch.narrow(points, 2, 3, 3)
  return torch.cat([torch.squeeze(torch.matmul(way, plane), 2) * 0.5, colour * 0.2], 2)


# Matrices by their trace, which is their largest eigenvalue when one dominates.
def balanced(matrix: Tensor) -> Tensor:
  trace = torch.sum(torch.diagonal(matrix, 0, 2, 3), [2], True)
  return matrix / (torch.unsqueeze(trace, 3) + 1e-20)


# [B, N, 6] -> [B, N/size, 6 size + 6]: tokens of neighbours, each relative to their mean and enlarged, and that mean.
def local(points: Tensor, size: int) -> Tensor:
  tokens = torch.unflatten(points, 1, [-1, size])
  mean = torch.mean(tokens, [2], True)
  return torch.flatten(torch.cat([(tokens - mean) * 4, mean], 2), 2)


# Attention of the tokens to each other and to what is around them, then a layer for each.
class Block(Module):
  offset : Tensor       # [6, d] zero
  ask : Linear          # n=d m=d gain=1
  answer : Linear       # n=d m=2*d gain=1
  join : Linear         # n=d m=d gain=1
  widen : Linear        # n=d m=3*d gain=1
  narrow : Linear       # n=3*d m=d gain=1

  def forward(self, z: Tensor, around: Tensor, tones: Tensor) -> Tensor:
    scale, shift, gate, scale2, shift2, gate2 = torch.chunk(tones + same(self.offset, tones), 6, 1)
    y = normal(z) * (scale + 1) + shift
    k, v = torch.chunk(self.answer.forward(torch.cat([y, around], 1)), 2, -1)
    seen = attention(heads(self.ask.forward(y)), heads(k), heads(v))
    z1 = z + gate * self.join.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))
    return z1 + gate2 * self.narrow.forward(torch.gelu(self.widen.forward(normal(z1) * (scale2 + 1) + shift2)))
