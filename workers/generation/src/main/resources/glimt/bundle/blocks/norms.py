# Norms with learnt scales. All are computed in float32, whatever their input's precision: half precisions overflow.

# Over the channels of each group and every place, z [B, c, ...] (Wu and He 2018).
class GroupNorm(Module):
  weight : Tensor       # [c]
  bias : Tensor         # [c]

  def forward(self, z: Tensor, groups: int, eps: float) -> Tensor:
    h = torch.group_norm(torch.to(z, 6), groups, torch.to(self.weight, 6), torch.to(self.bias, 6), eps)
    return torch.to(h, ops.prim.dtype(z))


# Over the last axis, z [..., d] (Ba et al. 2016).
class LayerNorm(Module):
  weight : Tensor       # [d]
  bias : Tensor         # [d]

  def forward(self, z: Tensor, eps: float) -> Tensor:
    h = torch.layer_norm(torch.to(z, 6), [torch.size(z, -1)], torch.to(self.weight, 6), torch.to(self.bias, 6), eps)
    return torch.to(h, ops.prim.dtype(z))


# By the root mean square of the last axis, z [..., d] (Zhang and Sennrich 2019).
class RmsNorm(Module):
  weight : Tensor       # [d]

  def forward(self, z: Tensor, eps: float) -> Tensor:
    f = torch.to(z, 6)
    h = f * torch.rsqrt(torch.mean(f * f, [-1], True) + eps) * torch.to(self.weight, 6)
    return torch.to(h, ops.prim.dtype(z))
