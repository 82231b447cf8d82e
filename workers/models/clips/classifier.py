# Names the subject of a picture, to measure with.
#
#   x [B, 3, 64, 64] float32 -> [B, subjects + 384] float32: scores, then features

from blocks.linear import Linear
from blocks.picture_codec import Bend, Convolution, beside


class Network(Module):
  precision : int
  enter : Convolution   # n=48 m=64 k=3 gain=1.4
  a0 : Bend             # c=64
  down0 : Convolution   # n=256 m=128 k=1 gain=1
  b0 : Bend             # c=128
  b1 : Bend             # c=128
  down1 : Convolution   # n=512 m=192 k=1 gain=1
  c0 : Bend             # c=192
  subject : Linear      # n=384 m=subjects gain=1

  def forward(self, x: Tensor) -> Tensor:
    z = beside(torch.pixel_unshuffle(torch.to(torch.clamp(x, -1, 1), self.precision), 4))
    z = self.a0.forward(torch.relu(self.enter.forward(z, 1)))
    z = self.down0.forward(beside(torch.pixel_unshuffle(z, 2)), 0)
    z = self.b1.forward(self.b0.forward(z))
    z = self.down1.forward(beside(torch.pixel_unshuffle(z, 2)), 0)
    places = torch.to(torch.flatten(torch.relu(self.c0.forward(z)), 2), 6)
    seen = torch.cat([torch.amax(places, [2]), torch.mean(places, [2])], -1)
    features = seen * torch.rsqrt(torch.mean(seen * seen, [1], True) + 0.0001)
    return torch.cat([self.subject.forward(features), features], 1)
