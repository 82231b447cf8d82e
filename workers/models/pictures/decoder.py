# A latent as the picture that it stands for: the subject over its background, whose colour is the mean of the last three
# channels.
#
#   latent [B, 13, height, width] float32 -> [B, 3, 8 height, 8 width] float32, from -1 to 1

from blocks.picture_codec import Decoder


class Network(Module):
  precision : int
  decoder : Decoder

  def forward(self, latent: Tensor) -> Tensor:
    subject = self.decoder.forward(torch.narrow(latent, 1, 0, 10), self.precision)
    colour = torch.mean(torch.narrow(latent, 1, 10, 3), [2, 3], True)
    light = torch.clamp(torch.narrow(subject, 1, 0, 3), -1, 1) + 1
    bare = 1 - (torch.clamp(torch.narrow(subject, 1, 3, 1), -1, 1) + 1) / 2
    return light + bare * (colour + 1) - 1
