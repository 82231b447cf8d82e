from blocks.linear import same


# A linear map without a bias, z [..., n] -> [..., m].
class Projection(Module):
  weight : Tensor       # [m, n]

  def forward(self, z: Tensor) -> Tensor:
    return torch.linear(z, same(self.weight, z))
