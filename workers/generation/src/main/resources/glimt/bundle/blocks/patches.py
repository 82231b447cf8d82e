# Each square of 2 x 2 places becomes one place of 4 times the channels; [B, frames, height, width, channels].
def patches(z: Tensor) -> Tensor:
  b, t, h, w, c = torch.size(z)
  z = torch.permute(torch.reshape(z, [b, t, h // 2, 2, w // 2, 2, c]), [0, 1, 2, 4, 3, 5, 6])
  return torch.reshape(z, [b, t, h // 2, w // 2, 4 * c])


# The way back.
def places(z: Tensor) -> Tensor:
  b, t, h, w, c = torch.size(z)
  z = torch.permute(torch.reshape(z, [b, t, h, w, 2, 2, c // 4]), [0, 1, 2, 4, 3, 5, 6])
  return torch.reshape(z, [b, t, 2 * h, 2 * w, c // 4])
