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

from blocks.linear import Linear
from blocks.norm import normal
from blocks.patches import patches, places
from blocks.prompt import Prompt
from blocks.residual import Residual


class Network(Module):
  precision : int
  prompt : Prompt
  enter : Linear        # n=24 m=c gain=1
  in0 : Residual        # c=c
  down : Linear         # n=4*c m=2*c gain=1
  b0 : Residual         # c=2*c
  b1 : Residual         # c=2*c
  b2 : Residual         # c=2*c
  up : Linear           # n=2*c m=4*c gain=1
  join : Linear         # n=2*c m=c gain=1
  out0 : Residual       # c=c
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
