from blocks.linear import Linear
from blocks.norms import LayerNorm


# A layer of Point-E's transformers (Nichol et al. 2022): attention among the tokens z [B, N, d], then a layer for each.
class PointBlock(Module):
  attn : PointAttention
  ln_1 : LayerNorm
  mlp : PointMlp
  ln_2 : LayerNorm

  def forward(self, z: Tensor, heads: int) -> Tensor:
    z = z + self.attn.forward(self.ln_1.forward(z, 1e-05), heads)
    return z + self.mlp.forward(self.ln_2.forward(z, 1e-05))


# Queries, keys and values come in turn head by head: [head 0's q, k, v, head 1's q, k, v, ...].
class PointAttention(Module):
  c_qkv : Linear
  c_proj : Linear

  def forward(self, z: Tensor, heads: int) -> Tensor:
    all = torch.transpose(torch.unflatten(self.c_qkv.forward(z), -1, [heads, -1]), 1, 2)
    q, k, v = torch.chunk(all, 3, -1)
    seen = torch.scaled_dot_product_attention(q, k, v)
    return self.c_proj.forward(torch.flatten(torch.transpose(seen, 1, 2), 2))


class PointMlp(Module):
  c_fc : Linear
  c_proj : Linear

  def forward(self, z: Tensor) -> Tensor:
    return self.c_proj.forward(torch.gelu(self.c_fc.forward(z)))
