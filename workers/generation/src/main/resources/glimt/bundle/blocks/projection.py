from blocks.linear import same


# A linear layer without a bias.
class Projection(Module):
  weight : Tensor       # [m, n]

  def forward(self, z: Tensor) -> Tensor:
    return torch.linear(z, same(self.weight, z), None)
