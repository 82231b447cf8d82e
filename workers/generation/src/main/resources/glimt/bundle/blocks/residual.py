from blocks.linear import Linear, same
from blocks.norm import normal


# Two convolutions around a step in time, scaled, shifted and gated by the mood. Values are laid out
# [B, frames, height, width, channels].
class Residual(Module):
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


# A quarter of the channels comes from the frame before, a quarter from the one after (temporal shift, Lin et al. 2019);
# at the ends they are 0.
def handed(z: Tensor) -> Tensor:
  quarter = torch.size(z, -1) // 4
  last = torch.size(z, 1) - 1
  nothing = torch.zeros_like(torch.narrow(torch.narrow(z, 1, 0, 1), -1, 0, quarter))
  before = torch.cat([nothing, torch.narrow(torch.narrow(z, 1, 0, last), -1, 0, quarter)], 1)
  after = torch.cat([torch.narrow(torch.narrow(z, 1, 1, last), -1, quarter, quarter), nothing], 1)
  return torch.cat([before, after, torch.narrow(z, -1, 2 * quarter, torch.size(z, -1) - 2 * quarter)], -1)
