from blocks.linear import same


# Convolution of pictures [B, n, height, width] -> [B, m, height / stride, width / stride].
class Conv2d(Module):
  weight : Tensor       # [m, n, kernel, kernel]
  bias : Tensor         # [m]

  def forward(self, z: Tensor, stride: int, padding: int) -> Tensor:
    return torch.conv2d(z, same(self.weight, z), same(self.bias, z), [stride, stride], [padding, padding], [1, 1], 1)


# Convolution of clips [B, n, frames, height, width]; stride and padding are given by axis.
class Conv3d(Module):
  weight : Tensor       # [m, n, kernel_t, kernel, kernel]
  bias : Tensor         # [m]

  def forward(self, z: Tensor, stride: List[int], padding: List[int]) -> Tensor:
    return torch.conv3d(z, same(self.weight, z), same(self.bias, z), stride, padding, [1, 1, 1], 1)
