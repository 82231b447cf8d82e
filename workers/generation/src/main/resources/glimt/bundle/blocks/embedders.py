from blocks.linear import Linear
from blocks.timestep import timestep


# A timestep as a transformer hears it: waves, then two layers, in float32.
class TimestepEmbedder(Module):
  linear_1 : Linear
  linear_2 : Linear

  # t [n] -> [n, d]; `width` is that of the waves, cosines first.
  def forward(self, t: Tensor, width: int) -> Tensor:
    waves = timestep(t, width, True, 0., 10000.)
    return self.linear_2.forward(torch.silu(self.linear_1.forward(waves)))


# What a text encoder says, [B, N, n] -> [B, N, d].
class TextEmbedder(Module):
  linear_1 : Linear
  linear_2 : Linear

  def forward(self, z: Tensor) -> Tensor:
    return self.linear_2.forward(torch.gelu(self.linear_1.forward(z), approximate="tanh"))
