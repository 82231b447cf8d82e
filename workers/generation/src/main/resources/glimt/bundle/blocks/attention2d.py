from blocks.heads import attend
from blocks.linear import Linear
from blocks.norms import GroupNorm


# Self-attention among the places of a picture [B, c, height, width], added to it (Ho et al. 2020).
class Attention2d(Module):
  group_norm : GroupNorm
  to_q : Linear
  to_k : Linear
  to_v : Linear
  to_out : Attention2dOut

  def forward(self, z: Tensor, groups: int, eps: float, heads: int, divisor: float) -> Tensor:
    h = as_tokens(self.group_norm.forward(z, groups, eps))
    h = attend(self.to_q.forward(h), self.to_k.forward(h), self.to_v.forward(h), heads)
    return (z + as_picture(self.to_out._0.forward(h), z)) / divisor


# As Attention2d, of a picture that is not normalised first.
class BareAttention2d(Module):
  to_q : Linear
  to_k : Linear
  to_v : Linear
  to_out : Attention2dOut

  def forward(self, z: Tensor, heads: int, divisor: float) -> Tensor:
    h = as_tokens(z)
    h = attend(self.to_q.forward(h), self.to_k.forward(h), self.to_v.forward(h), heads)
    return (z + as_picture(self.to_out._0.forward(h), z)) / divisor


class Attention2dOut(Module):
  _0 : Linear


# [B, c, height, width] -> [B, height * width, c]
def as_tokens(z: Tensor) -> Tensor:
  return torch.transpose(torch.flatten(z, 2), 1, 2)


# The way back, to the height and width of another picture.
def as_picture(h: Tensor, like: Tensor) -> Tensor:
  return torch.unflatten(torch.transpose(h, 1, 2), 2, [torch.size(like, 2), torch.size(like, 3)])
