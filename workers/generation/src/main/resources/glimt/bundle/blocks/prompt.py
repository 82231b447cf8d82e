from blocks.linear import Linear
from blocks.norm import normal
from blocks.waves import waves


# What the words and the noise level say, summed up: the mood [B, d].
class Prompt(Module):
  words : Tensor        # [vocabulary, d] normal 1
  meaning : Linear      # n=d m=2*d gain=1
  gist : Linear         # n=2*d m=d gain=1
  pitch : Linear        # n=d m=d gain=1
  level : Linear        # n=d m=d gain=1

  # Token 0 is silence: a row of zeros adds nothing, which is how the unconditional estimate of guidance is asked for.
  # In float32 up to the end.
  def forward(self, words: Tensor, noise: Tensor, precision: int) -> Tensor:
    said = torch.unsqueeze(torch.to(torch.gt(words, 0), 6), -1)
    total = torch.sum(torch.embedding(self.words, words) * said, [1]) / 3
    gist = self.gist.forward(torch.silu(self.meaning.forward(normal(total) * 1.5)))
    d = torch.size(self.words, 1)
    level = self.level.forward(torch.silu(self.pitch.forward(waves(noise, d // 2, -13.815511 / d, 10.))))
    return torch.to(torch.silu(normal(gist) * torch.amax(said, [1]) * 1.2 + normal(level)), precision)
