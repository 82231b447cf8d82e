class Linear(Module):
  weight : Tensor       # [m, n] normal gain/sqrt(n)
  bias : Tensor         # [m] zero

  def forward(self, z: Tensor) -> Tensor:
    return torch.linear(z, same(self.weight, z), same(self.bias, z))


# A weight in the precision of what it meets; free when they agree.
def same(weight: Tensor, z: Tensor) -> Tensor:
  return torch.to(weight, ops.prim.dtype(z))
