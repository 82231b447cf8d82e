# A vector for each of a vocabulary, ids [...] int64 -> [..., d].
class Embedding(Module):
  weight : Tensor       # [vocabulary, d]

  def forward(self, ids: Tensor) -> Tensor:
    return torch.embedding(self.weight, ids)
