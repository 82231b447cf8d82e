# Layer normalisation over the last axis, without weights of its own.
def normal(z: Tensor) -> Tensor:
  return torch.layer_norm(z, [torch.size(z, -1)])
