# Attention of n heads: queries [B, N, n * h], keys and values [B, M, n * h] -> [B, N, n * h] (Vaswani et al. 2017).
def attend(q: Tensor, k: Tensor, v: Tensor, n: int) -> Tensor:
  seen = torch.scaled_dot_product_attention(split(q, n), split(k, n), split(v, n))
  return torch.flatten(torch.transpose(seen, 1, 2), 2)


# [B, N, n * h] -> [B, n, N, h]
def split(z: Tensor, n: int) -> Tensor:
  return torch.transpose(torch.unflatten(z, -1, [n, -1]), 1, 2)
