# Names the class of a cloud, to measure with: it sees 512 points in any order.
#
# PointNet (Qi et al. 2017) in the small: a layer for each point, the most of each feature over all points handed back to
# each, another layer, then the most and the mean.
#
#   x [B, 512, 6] float32 -> [B, classes] float32

from blocks.linear import Linear
from blocks.norm import normal


class Network(Module):
  precision : int
  first : Linear        # n=6 m=64 gain=1.4
  second : Linear       # n=64 m=64 gain=1.4
  third : Linear        # n=128 m=128 gain=1.4
  fourth : Linear       # n=128 m=256 gain=1.4
  decide : Linear       # n=512 m=128 gain=1.4
  name : Linear         # n=128 m=classes gain=1

  def forward(self, x: Tensor) -> Tensor:
    points = torch.relu(self.first.forward(torch.to(x, self.precision)))
    each = torch.relu(normal(self.second.forward(points)))
    all = torch.expand_as(torch.amax(each, [1], True), each)
    again = torch.relu(self.third.forward(torch.cat([each, all], -1)))
    seen = normal(self.fourth.forward(again))
    whole = torch.cat([torch.amax(seen, [1]), torch.mean(seen, [1])], -1)
    return torch.to(self.name.forward(torch.relu(self.decide.forward(whole))), 6)
