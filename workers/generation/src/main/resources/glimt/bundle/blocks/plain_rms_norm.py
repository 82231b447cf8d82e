# Division by the root mean square of the last axis without weights, in float32.
def plain_rms_norm(z: Tensor, eps: float) -> Tensor:
  f = torch.to(z, 6)
  return torch.to(f * torch.rsqrt(torch.mean(f * f, [-1], True) + eps), ops.prim.dtype(z))
