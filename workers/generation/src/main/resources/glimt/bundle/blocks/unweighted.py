# Norms over the last axis without learnt scales, computed and answered in float32: a modulation follows them.
def layer_normed(z: Tensor, eps: float) -> Tensor:
  return torch.layer_norm(torch.to(z, 6), [torch.size(z, -1)], None, None, eps)


def rms_normed(z: Tensor, eps: float) -> Tensor:
  f = torch.to(z, 6)
  return f * torch.rsqrt(torch.mean(f * f, [-1], True) + eps)
