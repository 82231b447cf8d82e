from blocks.attention import heads
from blocks.linear import Linear
from blocks.norm import normal
from blocks.waves import waves

# How a network hears a sentence: learnt questions are asked of the states of its words (attention, Vaswani et al. 2017),
# and the answers, beside the mean of the words, for which the encoder was trained (Reimers and Gurevych 2019), and the
# noise level become the mood that scales and shifts its layers (FiLM, Perez et al. 2018).


class Sentence(Module):
  word : Linear         # n=384 m=d gain=1
  silence : Tensor      # [d] normal 1
  key : Linear          # n=d m=d gain=1
  value : Linear        # n=d m=d gain=1
  questions : Tensor    # [4, d] normal 1
  meant : Linear        # n=384 m=2*d gain=1
  answers : Linear      # n=6*d m=d gain=1
  pitch : Linear        # n=64 m=d gain=1
  first : Linear        # n=2*d m=d gain=1
  second : Linear       # n=d m=d gain=1

  # The mood [B, d] of the layers, the words [B, 1 + length, d], and which of them are absent: [B, 1, 1, 1 + length], 0 or
  # a large negative number that is added to attention's scores. The first word is silence, which is always there: a
  # text of zeros leaves nothing else, which is how the unconditional estimate of guidance is asked for.
  def forward(self, text: Tensor, noise: Tensor, precision: int) -> Tuple[Tensor, Tensor, Tensor]:
    said = torch.to(torch.gt(torch.sum(torch.abs(text), [2]), 0), 6)
    silence = torch.expand(torch.reshape(torch.to(self.silence, 6), [1, 1, -1]), [torch.size(text, 0), 1, -1])
    words = torch.cat([silence, normal(self.word.forward(text))], 1)
    absent = torch.cat([torch.zeros_like(torch.narrow(said, 1, 0, 1)), (said - 1) * 10000.], 1)
    absent = torch.unsqueeze(torch.unsqueeze(absent, 1), 1)

    asked = torch.expand(torch.unsqueeze(torch.to(self.questions, 6), 0), [torch.size(text, 0), -1, -1])
    heard = listen(heads(asked), heads(self.key.forward(words)), heads(self.value.forward(words)), absent)
    meaning = torch.relu(self.meant.forward(normal(torch.sum(text, [1]))))
    answer = self.answers.forward(torch.cat([torch.flatten(torch.transpose(heard, 1, 2), 1), meaning], 1))
    level = torch.relu(self.pitch.forward(waves(noise, 32, 0.1, 0.5)))
    mood = torch.relu(self.first.forward(torch.cat([normal(answer), level], 1)))
    mood = torch.relu(self.second.forward(mood))
    return (torch.to(mood, precision), torch.to(words, precision), absent)


# Attention in heads of 32 to the words that are not absent.
def listen(q: Tensor, k: Tensor, v: Tensor, absent: Tensor) -> Tensor:
  scores = torch.matmul(q, torch.transpose(k, -2, -1)) * 0.17677670
  return torch.matmul(torch.softmax(scores + absent, -1), v)
