# Names what a small clip shows, to measure with: its subject, its motion, its background.
#
# A subject is what its frames show, in whatever order; a motion is their order.
#
#   x [B, 8, 3, 16, 16] float32 -> [B, subjects + motions + colours + 384] float32: scores, then features

from blocks.linear import Linear, same


class Network(Module):
  precision : int
  first : Convolution   # n=3 m=32 gain=1.4
  second : Convolution  # n=32 m=64 gain=1.4
  third : Convolution   # n=64 m=64 gain=1.4
  fourth : Convolution  # n=64 m=96 gain=1.4
  what : Linear         # n=192 m=192 gain=1.4
  where : Linear        # n=1536 m=96 gain=1.4
  order : Linear        # n=768 m=256 gain=1.4
  how : Linear          # n=256 m=192 gain=1.4
  subject : Linear      # n=192 m=subjects gain=1
  motion : Linear       # n=192 m=motions gain=1
  colour : Linear       # n=96 m=colours gain=1

  def forward(self, x: Tensor) -> Tensor:
    frames = torch.flatten(torch.to(torch.clamp(x, -1, 1), self.precision), 0, 1)
    z = torch.relu(normal(self.first.forward(frames, 1)))
    z = torch.relu(normal(self.second.forward(z, 2)))
    z = torch.relu(normal(self.third.forward(z, 1)))
    z = torch.relu(normal(self.fourth.forward(z, 2)))

    places = torch.flatten(z, 2)
    seen = torch.cat([torch.amax(places, [2]), torch.mean(places, [2])], -1)
    what = torch.relu(self.what.forward(torch.mean(torch.unflatten(seen, 0, [-1, 8]), [1])))

    where = torch.unflatten(torch.relu(self.where.forward(torch.flatten(places, 1))), 0, [-1, 8])
    how = torch.relu(self.how.forward(torch.relu(self.order.forward(torch.flatten(where, 1)))))

    scores = [self.subject.forward(what), self.motion.forward(how), self.colour.forward(torch.mean(where, [1]))]
    return torch.to(torch.cat([torch.cat(scores, 1), what, how], 1), 6)


# 3 x 3 within each frame.
class Convolution(Module):
  weight : Tensor       # [m, n, 3, 3] normal gain/sqrt(9*n)
  bias : Tensor         # [m] zero

  def forward(self, z: Tensor, stride: int) -> Tensor:
    return torch.conv2d(z, same(self.weight, z), same(self.bias, z), [stride, stride], [1, 1], [1, 1], 1)


# Layer normalisation over the channels of each place, without weights of its own.
def normal(z: Tensor) -> Tensor:
  last = torch.permute(z, [0, 2, 3, 1])
  return torch.permute(torch.layer_norm(last, [torch.size(last, -1)]), [0, 3, 1, 2])
