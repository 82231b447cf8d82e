from blocks.embedders import TimestepEmbedder
from blocks.linear import Linear


# The noise level as an LTX-Video transformer hears it (HaCohen et al. 2024, arXiv:2501.00103): the mood of the whole
# network, and a scale, a shift and a gate for both halves of its blocks.
class LtxTime(Module):
  emb : LtxTimeEmbedding
  linear : Linear

  # Timesteps [B] or, for each token its own, [B, N] -> [B, 1 or N, d] and [B, 1 or N, 6, d], float32.
  def forward(self, noise: Tensor) -> Tuple[Tensor, Tensor]:
    each = self.emb.timestep_embedder.forward(torch.flatten(noise), 256)
    mood = torch.unflatten(each, 0, [torch.size(noise, 0), -1])
    return (mood, torch.unflatten(self.linear.forward(torch.silu(mood)), -1, [6, -1]))


class LtxTimeEmbedding(Module):
  timestep_embedder : TimestepEmbedder


# Cosines and sines of the angles by which the pairs of d channels are turned, [B, N, d / 2] float32, for the seconds,
# rows and columns of tokens [B, 3, N]. Places are fractions of 20 seconds and of 2048 pixels. The first d % 6 channels
# are not turned.
def ltx_turns(places: Tensor, d: int) -> Tuple[Tensor, Tensor]:
  device = ops.prim.device(places)
  whole = torch.reshape(torch.tensor([20., 2048., 2048.], dtype=6, device=device), [1, 3, 1])
  pace = torch.pow(10000., torch.linspace(0., 1., d // 6, dtype=6, device=device)) * 3.141592653589793 / 2.
  angles = torch.unsqueeze(places / whole * 2 - 1, -1) * pace
  angles = torch.flatten(torch.permute(angles, [0, 2, 3, 1]), 2)
  angles = torch.constant_pad_nd(angles, [d % 6 // 2, 0], 0)
  return (torch.cos(angles), torch.sin(angles))


# Tokens [B, N, c * patch_t * patch * patch] of a clip [B, frames, c, height, width].
def ltx_tokens(x: Tensor, patch_t: int, patch: int) -> Tensor:
  b, t, c, h, w = torch.size(x)
  z = torch.reshape(x, [b, t // patch_t, patch_t, c, h // patch, patch, w // patch, patch])
  z = torch.permute(z, [0, 1, 4, 6, 3, 2, 5, 7])
  return torch.reshape(z, [b, t // patch_t * (h // patch) * (w // patch), c * patch_t * patch * patch])


# The way back, to a clip of the extents of x.
def ltx_clip(z: Tensor, x: Tensor, patch_t: int, patch: int) -> Tensor:
  b, t, _, h, w = torch.size(x)
  c = torch.size(z, 2) // (patch_t * patch * patch)
  y = torch.reshape(z, [b, t // patch_t, h // patch, w // patch, c, patch_t, patch, patch])
  return torch.reshape(torch.permute(y, [0, 1, 5, 4, 2, 6, 3, 7]), [b, t, c, h, w])
