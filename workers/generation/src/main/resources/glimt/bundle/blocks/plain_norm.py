# Layer normalisation over the last axis without weights, in float32.
def plain_norm(z: Tensor, eps: float) -> Tensor:
  h = torch.layer_norm(torch.to(z, 6), [torch.size(z, -1)], None, None, eps)
  return torch.to(h, ops.prim.dtype(z))
