# The frames of a clip: the picture below, moved along the motion. It has no weights.
#
# The background is one colour, so what differs from it is the subject, and moving that difference is the same as moving
# the subject with its alpha (the difference is linear in both). It is moved once, from the picture into each frame, by a
# bicubic interpolation that loses no sharpness.
#
#   latent [B, frames, 4, 1, 1] float32: x and y of the subject's middle, size cos(angle), size sin(angle)
#   below [B, 1, 3, side, side] float32, from -1 to 1
#   -> [B, frames, 3, side, side] float32, from -1 to 1


class Network(Module):
  def forward(self, latent: Tensor, below: Tensor) -> Tensor:
    frames = torch.size(latent, 1)
    side = torch.size(below, -1)
    picture = torch.flatten(below, 0, 1)

    ground = colour(picture)
    subject = picture - ground
    subject = subject * seen(subject) * inside(side, picture)
    subject = torch.flatten(torch.expand(torch.unsqueeze(subject, 1), [-1, frames, -1, -1, -1]), 0, 1)

    moved = torch.grid_sampler(subject, torch.affine_grid_generator(origins(latent), torch.size(subject), False), 2, 0, False)
    moved = torch.reshape(moved, [-1, frames, 3, side, side])
    return torch.clamp(moved + torch.unsqueeze(ground, 1), -1, 1)


# The colour of the background, [B, 3, 1, 1]: the median of the picture's outermost pixels.
def colour(picture: Tensor) -> Tensor:
  last = torch.size(picture, -1) - 2
  rows = torch.cat([torch.narrow(picture, 2, 0, 2), torch.narrow(picture, 2, last, 2)], 2)
  columns = torch.cat([torch.narrow(picture, 3, 0, 2), torch.narrow(picture, 3, last, 2)], 3)
  edge = torch.cat([torch.flatten(rows, 2), torch.flatten(columns, 2)], 2)
  middle, place = torch.median(edge, 2, True)
  return torch.unsqueeze(middle, 3)


# 0 where the picture differs from its background by less than people see, and 1 where by more, [B, 1, side, side].
def seen(subject: Tensor) -> Tensor:
  difference = torch.amax(torch.abs(subject), [1], True)
  return torch.clamp((difference - 0.03) / 0.05, 0, 1)


# 0 on the border, and 1 four pixels from it, [1, 1, side, side], so that no edge is cut sharply.
def inside(side: int, like: Tensor) -> Tensor:
  place = torch.arange(side, dtype=6, device=ops.prim.device(like)) + 0.5
  near = torch.clamp(torch.minimum(place, side - place) / 4, 0, 1)
  return torch.reshape(near, [1, 1, side, 1]) * near


# From where in the picture each place of a frame comes, [B frames, 2, 3]: the inverse of the motion.
def origins(latent: Tensor) -> Tensor:
  x, y, c, s = torch.unbind(torch.reshape(latent, [-1, 4]), 1)
  size = torch.clamp(c * c + s * s, 0.01)
  c = c / size
  s = s / size
  across = torch.stack([c, s, -(c * x + s * y)], 1)
  down = torch.stack([-s, c, s * x - c * y], 1)
  return torch.stack([across, down], 1)
