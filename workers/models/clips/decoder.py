# A latent as the picture that it stands for: the subject over its background, whose colour is the mean of the last three
# channels.
#
#   latent [B, 1, 13, height, width] or [B, 13, height, width] float32
#   -> [B, 1, 3, 8 height, 8 width] or [B, 3, 8 height, 8 width] float32, from -1 to 1

from blocks.picture_codec import Decoder


class Network(Module):
  precision : int
  decoder : Decoder

  def forward(self, latent: Tensor) -> Tensor:
    flat = torch.reshape(latent, [-1, 13, torch.size(latent, -2), torch.size(latent, -1)])
    subject = self.decoder.forward(torch.narrow(flat, 1, 0, 10), self.precision)
    colour = torch.mean(torch.narrow(flat, 1, 10, 3), [2, 3], True)
    light = torch.clamp(torch.narrow(subject, 1, 0, 3), -1, 1) + 1
    bare = 1 - (torch.clamp(torch.narrow(subject, 1, 3, 1), -1, 1) + 1) / 2
    seen = light + bare * (colour + 1) - 1
    return torch.unsqueeze(seen, 1) if torch.dim(latent) == 5 else seen
