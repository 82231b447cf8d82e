# A picture of a subject as a latent, for training.
#
#   image [B, 4, height, width] float32 (premultiplied red, green, blue, alpha, from -1 to 1)
#   -> [B, 10, height / 8, width / 8] float32

from blocks.picture_codec import Encoder


class Network(Module):
  precision : int
  encoder : Encoder

  def forward(self, image: Tensor) -> Tensor:
    return self.encoder.forward(image, self.precision)
