# Pictures from sentences, as the first frame of a clip: the network of `pictures`, which trained it, with an axis of frames.
#
# A U-Net (Ronneberger et al. 2015; Ho et al. 2020) over the latent of a picture, 16 x 16, 8 x 8 and 4 x 4 positions wide.
# A sentence enters three times: learnt questions are asked of its words (attention, Vaswani et al. 2017), and the answers,
# beside the mean of the words, for which the encoder was trained (Reimers and Gurevych 2019), scale and shift every layer
# (FiLM, Perez et al. 2018) and draw a sketch of the whole on the two coarse grids; and the positions of the coarsest grid
# attend to the words themselves.
#
#   x [B, 1, 13, 16, 16] or [B, 13, 16, 16] float32, noise [B] float32,
#   text [B, length, 384] float32, zeros after the sentence's end
#   -> float32 of the shape of x

from blocks.attention import heads
from blocks.linear import Linear
from blocks.picture_codec import Convolution, beside
from blocks.sentence import Sentence, listen


class Network(Module):
  precision : int
  sentence : Sentence
  enter : Convolution   # n=13 m=w0 k=3 gain=1
  a0 : Layer            # c=w0
  a1 : Layer            # c=w0
  down0 : Convolution   # n=4*w0 m=w1 k=1 gain=1
  b0 : Layer            # c=w1
  b1 : Layer            # c=w1
  down1 : Convolution   # n=4*w1 m=w2 k=1 gain=1
  c0 : Layer            # c=w2
  look : Look           # c=w2
  c1 : Layer            # c=w2
  up1 : Convolution     # n=w2 m=4*w1 k=1 gain=1
  join1 : Convolution   # n=2*w1 m=w1 k=1 gain=1
  b2 : Layer            # c=w1
  b3 : Layer            # c=w1
  up0 : Convolution     # n=w1 m=4*w0 k=1 gain=1
  join0 : Convolution   # n=2*w0 m=w0 k=1 gain=1
  a2 : Layer            # c=w0
  a3 : Layer            # c=w0
  leave : Convolution   # n=w0 m=13 k=3 gain=0
  coarse : Linear       # n=d m=16*w2 gain=1
  middle : Linear       # n=d m=64*24 gain=1
  spread : Convolution  # n=24 m=w1 k=1 gain=1

  def forward(self, x: Tensor, noise: Tensor, text: Tensor) -> Tensor:
    mood, words, absent = self.sentence.forward(text, noise, self.precision)

    flat = torch.reshape(x, [torch.size(x, 0), 13, 16, 16])
    z = self.enter.forward(beside(torch.to(flat, self.precision)), 1)
    fine = self.a1.forward(self.a0.forward(z, mood), mood)

    z = self.down0.forward(beside(torch.pixel_unshuffle(fine, 2)), 0)
    z = z + self.spread.forward(beside(torch.reshape(self.middle.forward(mood), [-1, 24, 8, 8])), 0)
    half = self.b1.forward(self.b0.forward(z, mood), mood)

    z = self.down1.forward(beside(torch.pixel_unshuffle(half, 2)), 0)
    z = z + beside(torch.reshape(self.coarse.forward(mood), [-1, torch.size(z, 1), 4, 4]))
    z = self.c1.forward(self.look.forward(self.c0.forward(z, mood), words, absent), mood)

    z = self.join1.forward(beside(torch.cat([torch.pixel_shuffle(self.up1.forward(z, 0), 2), half], 1)), 0)
    z = self.b3.forward(self.b2.forward(z, mood), mood)

    z = self.join0.forward(beside(torch.cat([torch.pixel_shuffle(self.up0.forward(z, 0), 2), fine], 1)), 0)
    z = self.a3.forward(self.a2.forward(z, mood), mood)
    return torch.reshape(torch.to(self.leave.forward(balanced(z), 1), 6), torch.size(x))


# Two convolutions, scaled and shifted by the mood in between; they begin as nothing.
class Layer(Module):
  first : Convolution   # n=c m=c k=3 gain=1
  second : Convolution  # n=c m=c k=3 gain=0
  tune : Linear         # n=d m=2*c gain=0

  def forward(self, z: Tensor, mood: Tensor) -> Tensor:
    tune = torch.reshape(self.tune.forward(mood), [torch.size(z, 0), -1, 1, 1])
    scale, shift = torch.chunk(tune, 2, 1)
    h = torch.relu(self.first.forward(balanced(z), 1) * (scale + 1) + shift)
    return z + self.second.forward(h, 1)


# Every position attends to the words.
class Look(Module):
  query : Linear        # n=c m=c gain=1
  key : Linear          # n=d m=c gain=1
  value : Linear        # n=d m=c gain=1
  join : Linear         # n=c m=c gain=0

  def forward(self, z: Tensor, words: Tensor, absent: Tensor) -> Tensor:
    here = torch.transpose(torch.flatten(balanced(z), 2), 1, 2)
    k = heads(self.key.forward(words))
    seen = listen(heads(self.query.forward(here)), k, heads(self.value.forward(words)), torch.to(absent, ops.prim.dtype(z)))
    told = self.join.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))
    return z + beside(torch.reshape(torch.transpose(told, 1, 2), [torch.size(z, 0), -1, torch.size(z, 2), torch.size(z, 3)]))


# By the root mean square of the channels at each position.
def balanced(z: Tensor) -> Tensor:
  return z * torch.rsqrt(torch.mean(z * z, [1], True) + 0.0001)
