# The second level of `clips`: frames between the key frames.
#
# A small U-Net (Ronneberger et al. 2015; Ho et al. 2020) over a window of the clip. It makes the residual over `below`,
# the frames drawn linearly between the keys. Frames learn of each other by handing some channels to the next and the one
# before (temporal shift, Lin et al. 2019), which costs nothing. A window starts at a key frame, so that the place of a
# frame says how far it is from one; `place` tells.
#
# Inside, values are laid out [B, frames, height, width, channels].
#
#   x, below [B, 12, 3, 16, 16] float32, noise [B] float32, words [B, length] int64 -> [B, 12, 3, 16, 16] float32

from blocks.linear import Linear, same
from blocks.norm import normal
from blocks.patches import patches, places
from blocks.prompt import Prompt
from blocks.residual import Residual


class Network(Module):
  precision : int
  prompt : Prompt
  enter : Linear        # n=36 m=c gain=1
  place : Tensor        # [12, 1, 1, c] normal 0.5
  in0 : Residual        # c=c
  down : Linear         # n=4*c m=3*c gain=1
  b0 : Residual         # c=3*c
  b1 : Residual         # c=3*c
  b2 : Residual         # c=3*c
  up : Linear           # n=3*c m=4*c gain=1
  join : Linear         # n=2*c m=c gain=1
  out0 : Residual       # c=c
  leave : Linear        # n=c m=12 gain=0

  def forward(self, x: Tensor, noise: Tensor, words: Tensor, below: Tensor) -> Tensor:
    mood = self.prompt.forward(words, noise, self.precision)

    all = torch.permute(torch.cat([x, below, pace(below)], 2), [0, 1, 3, 4, 2])
    z = self.enter.forward(patches(torch.to(all, self.precision)))
    fine = self.in0.forward(z + same(self.place, z), mood)

    z = self.down.forward(patches(fine))
    z = self.b0.forward(z, mood)
    z = self.b1.forward(z, mood)
    z = self.b2.forward(z, mood)

    z = self.join.forward(torch.cat([places(self.up.forward(z)), fine], -1))
    z = self.out0.forward(z, mood)
    return torch.permute(places(self.leave.forward(torch.to(normal(z), 6))), [0, 1, 4, 2, 3])


# What changes to the next frame, eight times enlarged: a residual over frames drawn linearly is about as small.
def pace(below: Tensor) -> Tensor:
  steps = torch.narrow(below, 1, 1, 11) - torch.narrow(below, 1, 0, 11)
  return torch.cat([steps, torch.narrow(steps, 1, 10, 1)], 1) * 8
