# MobileNetV2 (Sandler et al. 2018) with three dense layers above, which sorts pictures into five
# classes: drawing, hentai, neutral, porn, sexy. Batch normalisation is part of the weights here.
#
#   x [B, 3, 224, 224] in [0, 1] -> [B, 5], probabilities


# Convolution of pictures.
class Fold(Module):
  weight : Tensor   # [m, n, kernel, kernel]
  bias : Tensor     # [m]

  def forward(self, z: Tensor, stride: int, padding: int, groups: int) -> Tensor:
    return torch.conv2d(z, self.weight, self.bias, [stride, stride], [padding, padding], [1, 1], groups)

  def bent(self, z: Tensor, stride: int, padding: int, groups: int) -> Tensor:
    return torch.clamp(self.forward(z, stride, padding, groups), 0, 6)


# The inverted residual without the expansion.
class First(Module):
  depthwise : Fold
  project : Fold

  def forward(self, z: Tensor) -> Tensor:
    return self.project.forward(self.depthwise.bent(z, 1, 1, torch.size(z, 1)), 1, 0, 1)


# The inverted residual: 1x1 to many channels, 3x3 in each, 1x1 to few.
class Inverted(Module):
  expand : Fold
  depthwise : Fold
  project : Fold

  def forward(self, z: Tensor) -> Tensor:
    y = self.expand.bent(z, 1, 0, 1)
    return self.project.forward(self.depthwise.bent(y, 1, 1, torch.size(y, 1)), 1, 0, 1)

  def beside(self, z: Tensor) -> Tensor:
    return z + self.forward(z)

  # Halves the sides. Keras pads only below and on the right then.
  def halved(self, z: Tensor) -> Tensor:
    y = torch.constant_pad_nd(self.expand.bent(z, 1, 0, 1), [0, 1, 0, 1], 0)
    return self.project.forward(self.depthwise.bent(y, 2, 0, torch.size(y, 1)), 1, 0, 1)


class Dense(Module):
  weight : Tensor   # [m, n]
  bias : Tensor     # [m]

  def forward(self, z: Tensor) -> Tensor:
    return torch.linear(z, self.weight, self.bias)


class Network(Module):
  stem : Fold
  b0 : First
  b1 : Inverted
  b2 : Inverted
  b3 : Inverted
  b4 : Inverted
  b5 : Inverted
  b6 : Inverted
  b7 : Inverted
  b8 : Inverted
  b9 : Inverted
  b10 : Inverted
  b11 : Inverted
  b12 : Inverted
  b13 : Inverted
  b14 : Inverted
  b15 : Inverted
  b16 : Inverted
  head : Fold
  first : Dense
  second : Dense
  third : Dense

  def forward(self, x: Tensor) -> Tensor:
    z = self.b0.forward(self.stem.bent(torch.constant_pad_nd(x, [0, 1, 0, 1], 0), 2, 0, 1))
    z = self.b2.beside(self.b1.halved(z))
    z = self.b5.beside(self.b4.beside(self.b3.halved(z)))
    z = self.b9.beside(self.b8.beside(self.b7.beside(self.b6.halved(z))))
    z = self.b12.beside(self.b11.beside(self.b10.forward(z)))
    z = self.b15.beside(self.b14.beside(self.b13.halved(z)))
    z = self.head.bent(self.b16.forward(z), 1, 0, 1)
    z = torch.mean(torch.flatten(z, 2), [2])
    z = torch.relu(self.second.forward(torch.relu(self.first.forward(z))))
    return torch.softmax(self.third.forward(z), 1)
