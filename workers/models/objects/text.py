# The text encoder of `pictures`: all-MiniLM-L6-v2, a BERT (Devlin et al. 2019) of 6 layers that was distilled (Wang et al.
# 2020) and then trained on a billion pairs of sentences (Reimers and Gurevych 2019). Sentences with the same meaning get
# similar states, so a prompt may use words that no training caption contains.
#
#   tokens [B, L] int64, mask [B, L] int64, 1 = token -> states [B, L, 384] float32; states of padding are zeros
#
# Weights are int8 with one scale for each output channel or table. Everything is computed in float32, so that states
# are the same on all processors up to rounding.

from blocks.heads import split
from blocks.norms import LayerNorm


class Network(Module):
  words : Table         # [30522, 384]
  places : Table        # [512, 384]
  segment : Tensor      # [384] BERT's marker of the first of two sentences; there is only one here
  norm : LayerNorm      # d=384
  b0 : Block
  b1 : Block
  b2 : Block
  b3 : Block
  b4 : Block
  b5 : Block

  def forward(self, tokens: Tensor, mask: Tensor) -> Dict[str, Tensor]:
    places = torch.arange(torch.size(tokens, 1), device=ops.prim.device(tokens))
    z = self.words.forward(tokens) + self.places.forward(places) + self.segment
    z = self.norm.forward(z, 1e-12)

    seen = torch.unsqueeze(torch.unsqueeze(torch.ne(mask, 0), 1), 1)
    z = self.b0.forward(z, seen)
    z = self.b1.forward(z, seen)
    z = self.b2.forward(z, seen)
    z = self.b3.forward(z, seen)
    z = self.b4.forward(z, seen)
    z = self.b5.forward(z, seen)

    # The states' root mean square over the tokens of typical captions is 0.47.
    return {"states": z / 0.47 * torch.unsqueeze(torch.to(mask, 6), -1)}


# Attention among the tokens, then a layer for each. Each sum is normalised, as in the first transformers.
class Block(Module):
  q : Quantised         # n=384 m=384
  k : Quantised         # n=384 m=384
  v : Quantised         # n=384 m=384
  join : Quantised      # n=384 m=384
  norm : LayerNorm      # d=384
  widen : Quantised     # n=384 m=1536
  narrow : Quantised    # n=1536 m=384
  norm2 : LayerNorm     # d=384

  # z [B, L, 384], seen [B, 1, 1, L]: whether a token may be attended to
  def forward(self, z: Tensor, seen: Tensor) -> Tensor:
    q = split(self.q.forward(z), 12)
    k = split(self.k.forward(z), 12)
    v = split(self.v.forward(z), 12)
    h = torch.flatten(torch.transpose(torch.scaled_dot_product_attention(q, k, v, seen, 0., False), 1, 2), 2)
    z = self.norm.forward(z + self.join.forward(h), 1e-12)
    h = torch.gelu(self.widen.forward(z))
    return self.norm2.forward(z + self.narrow.forward(h), 1e-12)


# A linear map, z [..., n] -> [..., m]. The scales multiply the sums, which is cheaper than to multiply the weights.
class Quantised(Module):
  weight : Tensor       # [m, n] int8
  scale : Tensor        # [m]
  bias : Tensor         # [m]

  def forward(self, z: Tensor) -> Tensor:
    return torch.linear(z, torch.to(self.weight, 6)) * self.scale + self.bias


# A vector for each id, ids [...] int64 -> [..., 384].
class Table(Module):
  weight : Tensor       # [ids, 384] int8
  scale : Tensor        # [1]

  def forward(self, ids: Tensor) -> Tensor:
    return torch.to(torch.embedding(self.weight, ids), 6) * self.scale
