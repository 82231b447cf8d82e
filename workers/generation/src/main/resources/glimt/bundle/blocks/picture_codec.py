from blocks.linear import same

# The autoencoder of pictures: squares of 8 x 8 pixels become one position. The first channels of a latent are the mean
# of the square, so they alone are a preview; the others are learnt, and say what the mean cannot.
#
# Pictures [B, 4, height, width]: premultiplied red, green, blue and alpha, from -1 (none) to 1.
# Latents [B, 4 + learnt, height / 8, width / 8].


class Encoder(Module):
  enter : Convolution   # n=256 m=w k=1 gain=1
  b0 : Bend             # c=w
  b1 : Bend             # c=w
  b2 : Bend             # c=w
  leave : Convolution   # n=w m=learnt k=1 gain=1

  def forward(self, picture: Tensor, precision: int) -> Tensor:
    mean = torch.avg_pool2d(picture, [8, 8])
    z = self.enter.forward(beside(torch.pixel_unshuffle(torch.to(picture, precision), 8)), 0)
    z = self.b2.forward(self.b1.forward(self.b0.forward(z)))
    h = torch.to(self.leave.forward(z, 0), 6)
    # Bounded, so that noise of a fixed size hides a known share of it, yet free to vanish where nothing is to be said.
    return torch.cat([mean, h * torch.rsqrt(torch.mean(h * h, [1], True) + 0.1)], 1)


class Decoder(Module):
  enter : Convolution   # n=4+learnt m=w0 k=3 gain=1
  a0 : Bend             # c=w0
  a1 : Bend             # c=w0
  a2 : Bend             # c=w0
  up0 : Convolution     # n=w0 m=4*w1 k=1 gain=1
  b0 : Bend             # c=w1
  b1 : Bend             # c=w1
  b2 : Bend             # c=w1
  up1 : Convolution     # n=w1 m=4*w2 k=1 gain=1
  c0 : Bend             # c=w2
  leave : Convolution   # n=w2 m=16 k=3 gain=0.1

  def forward(self, latent: Tensor, precision: int) -> Tensor:
    z = self.enter.forward(beside(torch.to(latent, precision)), 1)
    z = self.a2.forward(self.a1.forward(self.a0.forward(z)))
    z = beside(torch.pixel_shuffle(self.up0.forward(z, 0), 2))
    z = self.b2.forward(self.b1.forward(self.b0.forward(z)))
    z = beside(torch.pixel_shuffle(self.up1.forward(z, 0), 2))
    z = torch.pixel_shuffle(torch.to(self.leave.forward(self.c0.forward(z), 1), 6), 2)
    mean = torch.narrow(latent, 1, 0, 4)
    return z + torch.upsample_bilinear2d(mean, [8 * torch.size(latent, 2), 8 * torch.size(latent, 3)], False, None, None)


# Two convolutions that begin as nothing (residual, He et al. 2016).
class Bend(Module):
  first : Convolution   # n=c m=c k=3 gain=1
  second : Convolution  # n=c m=c k=3 gain=0

  def forward(self, z: Tensor) -> Tensor:
    h = z * torch.rsqrt(torch.mean(z * z, [1], True) + 0.0001)
    return z + self.second.forward(torch.relu(self.first.forward(h, 1)), 1)


class Convolution(Module):
  weight : Tensor       # [m, n, k, k] normal gain/(k*sqrt(n))
  bias : Tensor         # [m] zero

  def forward(self, z: Tensor, padding: int) -> Tensor:
    return torch.conv2d(z, same(self.weight, z), same(self.bias, z), [1, 1], [padding, padding], [1, 1], 1)


# A position's channels beside each other in memory (channels last): convolutions on a CPU are faster so.
def beside(z: Tensor) -> Tensor:
  return torch.contiguous(z, memory_format=2)
