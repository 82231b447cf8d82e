# Names the subject of a small clip, to measure with: it looks at each frame, and a clip is what its frames are.
#
#   x [B, 8, 3, 16, 16] float32 -> [B, subjects] float32

class Network(Module):
  precision : int
  first : Convolution   # n=12 m=48 gain=1.4
  second : Convolution  # n=48 m=64 gain=1.4
  third : Convolution   # n=64 m=96 gain=1.4
  decide : Linear       # n=192 m=96 gain=1.4
  name : Linear         # n=96 m=subjects gain=1

  def forward(self, x: Tensor) -> Tensor:
    frames = torch.flatten(torch.to(torch.clamp(x, -1, 1), self.precision), 0, 1)
    z = torch.relu(self.first.forward(torch.pixel_unshuffle(frames, 2)))
    z = torch.relu(normal(self.second.forward(z)))
    z = torch.flatten(normal(self.third.forward(z)), 2)
    seen = torch.cat([torch.amax(z, [2]), torch.mean(z, [2])], -1)
    each = torch.relu(self.decide.forward(seen))
    return torch.to(self.name.forward(torch.mean(torch.unflatten(each, 0, [-1, 8]), [1])), 6)


# 3 x 3 within each frame.
class Convolution(Module):
  weight : Tensor       # [m, n, 3, 3] normal gain/sqrt(9*n)
  bias : Tensor         # [m] zero

  def forward(self, z: Tensor) -> Tensor:
    return torch.conv2d(z, same(self.weight, z), same(self.bias, z), [1, 1], [1, 1], [1, 1], 1)


class Linear(Module):
  weight : Tensor       # [m, n] normal gain/sqrt(n)
  bias : Tensor         # [m] zero

  def forward(self, z: Tensor) -> Tensor:
    return torch.linear(z, same(self.weight, z), same(self.bias, z))


# A weight in the precision of what it meets; free when they agree.
def same(weight: Tensor, z: Tensor) -> Tensor:
  return torch.to(weight, ops.prim.dtype(z))


# Layer normalisation over the channels of each place, without weights of its own.
def normal(z: Tensor) -> Tensor:
  last = torch.permute(z, [0, 2, 3, 1])
  return torch.permute(torch.layer_norm(last, [torch.size(last, -1)]), [0, 3, 1, 2])
