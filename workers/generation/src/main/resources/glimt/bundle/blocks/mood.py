from blocks.linear import Linear
from blocks.norm import normal
from blocks.waves import waves


# What the noise level and the words say: the mood [B, d], and a scale, a shift and a gate for both halves of a block,
# the tones [B, 6, d] (adaLN-single, Chen et al. 2023).
class Mood(Module):
  vectors : Tensor      # [vocabulary, d] normal 1
  silence : Tensor      # [d] normal 1
  meaning : Linear      # n=d m=d gain=1
  pitch : Linear        # n=64 m=d gain=1
  level : Linear        # n=d m=d gain=1
  tones : Linear        # n=d m=6*d gain=0

  # Token 0 is padding; a row of nothing else is heard as silence, which is how the unconditional estimate of guidance is
  # asked for. In float32 up to the end.
  def forward(self, noise: Tensor, words: Tensor, precision: int) -> Tuple[Tensor, Tensor]:
    said = torch.unsqueeze(torch.to(torch.gt(words, 0), 6), -1)
    any = torch.amax(said, [1])
    total = torch.sum(torch.embedding(self.vectors, words) * said, [1])
    meaning = self.meaning.forward(normal(total * any + self.silence * (1 - any)))
    level = self.level.forward(torch.silu(self.pitch.forward(waves(noise, 32, 0.119, 0.5))))
    mood = torch.silu(torch.to(meaning + level, precision))
    return (mood, torch.unflatten(self.tones.forward(mood), -1, [6, -1]))
