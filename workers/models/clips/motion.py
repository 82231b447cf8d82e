# How a subject moves, from sentences: the motion level of `clips`.
#
# Four numbers place the subject of a frame: where its middle is, in halves of the picture's side from the middle of the
# picture, and how large it is and how far it is turned, as size cos(angle) and size sin(angle). So whatever the network
# answers, a subject keeps its shape. All frames are one vector, for layers that are scaled and shifted by what the
# sentence and the noise level say (FiLM, Perez et al. 2018).
#
#   x [B, frames, 4, 1, 1] float32, noise [B] float32, text [B, length, 384] float32, zeros after the sentence's end
#   -> float32 of the shape of x

from blocks.linear import Linear
from blocks.norm import normal
from blocks.sentence import Sentence


class Network(Module):
  precision : int
  sentence : Sentence
  enter : Linear        # n=4*frames m=w gain=1
  a : Layer
  b : Layer
  c : Layer
  e : Layer
  leave : Linear        # n=w m=4*frames gain=0
  straight : Linear     # n=4*frames m=4*frames gain=0
  share : Linear        # n=d m=4*frames gain=0

  def forward(self, x: Tensor, noise: Tensor, text: Tensor) -> Tensor:
    mood, words, absent = self.sentence.forward(text, noise, 6)
    flat = torch.flatten(x, 1)
    z = self.enter.forward(flat)
    z = self.b.forward(self.a.forward(z, mood), mood)
    z = self.e.forward(self.c.forward(z, mood), mood)
    # Most of the noise that is to be found is a share of x, which need not pass the layers.
    found = self.leave.forward(normal(z)) + self.straight.forward(flat) * (self.share.forward(mood) + 1)
    return torch.reshape(found, torch.size(x))


# Two linear maps, scaled and shifted by the mood in between; they begin as nothing.
class Layer(Module):
  first : Linear        # n=w m=w gain=1.4
  second : Linear       # n=w m=w gain=0
  tune : Linear         # n=d m=2*w gain=0

  def forward(self, z: Tensor, mood: Tensor) -> Tensor:
    scale, shift = torch.chunk(self.tune.forward(mood), 2, 1)
    return z + self.second.forward(torch.relu(self.first.forward(normal(z)) * (scale + 1) + shift))
