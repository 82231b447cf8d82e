from blocks.heads import split
from blocks.norms import RmsNorm
from blocks.projection import Projection


# Attention among the words of a prompt (Raffel et al. 2020). The scores are not scaled: training made up for it.
class T5Attention(Module):
  q : Projection
  k : Projection
  v : Projection
  o : Projection

  # z [B, N, d]; bias [1 or B, heads, N, N] float32 is added to the scores, whose softmax is taken in float32.
  def forward(self, z: Tensor, bias: Tensor, heads: int) -> Tensor:
    q = split(self.q.forward(z), heads)
    k = split(self.k.forward(z), heads)
    v = split(self.v.forward(z), heads)
    scores = torch.to(torch.matmul(q, torch.transpose(k, -2, -1)), 6) + bias
    seen = torch.matmul(torch.to(torch.softmax(scores, -1), ops.prim.dtype(v)), v)
    return self.o.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))


class T5AttentionLayer(Module):
  SelfAttention : T5Attention
  layer_norm : RmsNorm

  # z stays in float32; what is added to it is computed in `precision`.
  def forward(self, z: Tensor, bias: Tensor, heads: int, eps: float, precision: int) -> Tensor:
    h = torch.to(self.layer_norm.forward(z, eps), precision)
    return z + torch.to(self.SelfAttention.forward(h, bias, heads), 6)


# What the distance between two words adds to their score: a value per head for each of some buckets of distances.
class T5Distances(Module):
  weight : Tensor       # [buckets, heads]

  # Half of the buckets are for words that come later. In each half one half holds single distances, the rest grow
  # by a factor up to `farthest`. Answers [1, heads, N, N] float32 for tokens [B, N].
  def forward(self, tokens: Tensor, farthest: int) -> Tensor:
    place = torch.arange(torch.size(tokens, 1), dtype=4, device=ops.prim.device(tokens))
    ahead = torch.unsqueeze(place, 0) - torch.unsqueeze(place, 1)
    half = torch.size(self.weight, 0) // 2
    single = half // 2
    distance = torch.abs(ahead)
    growth = torch.log(torch.to(torch.clamp_min(distance, 1), 6) / single) / torch.log(farthest / single)
    grown = torch.clamp_max(single + torch.to(growth * (half - single), 4), half - 1)
    bucket = torch.where(torch.lt(distance, single), distance, grown) + torch.to(torch.gt(ahead, 0), 4) * half
    each = torch.to(torch.embedding(self.weight, bucket), 6)
    return torch.unsqueeze(torch.permute(each, [2, 0, 1]), 0)


# What keeps padding out of attention, [B, 1, 1, N] float32 for a mask [B, N]: the smallest number, not minus infinity,
# so that a row of padding alone has a softmax.
def padding(mask: Tensor) -> Tensor:
  padded = 1. - torch.to(mask, 6)
  return torch.unsqueeze(torch.unsqueeze(padded, 1), 1) * -3.4028234663852886e+38
