# Trains the encoder and the decoder of pictures together: noise is added to what the encoder learnt to say, so that the
# decoder forgives what a diffusion network gets slightly wrong.
#
#   x [B, 4, height, width] float32, noise [B, learnt, height / 8, width / 8] float32 -> the picture again

from blocks.picture_codec import Decoder, Encoder


class Network(Module):
  precision : int
  encoder : Encoder
  decoder : Decoder

  def forward(self, x: Tensor, noise: Tensor) -> Tensor:
    latent = self.encoder.forward(x, self.precision)
    mean = torch.narrow(latent, 1, 0, 4)
    learnt = torch.narrow(latent, 1, 4, torch.size(noise, 1))
    return self.decoder.forward(torch.cat([mean, learnt + noise], 1), self.precision)
