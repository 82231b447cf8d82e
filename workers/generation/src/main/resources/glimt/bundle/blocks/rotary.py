# Turns the pairs (2i, 2i + 1) of the last axis by angles whose cosines and sines are given, in float32 (Su et al. 2021).
# z [..., d], cosines and sines [..., d / 2].
def turned(z: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
  pairs = torch.unflatten(torch.to(z, 6), -1, [-1, 2])
  x, y = torch.unbind(pairs, -1)
  both = torch.stack([x * cosines - y * sines, x * sines + y * cosines], -1)
  return torch.to(torch.flatten(both, -2), ops.prim.dtype(z))
