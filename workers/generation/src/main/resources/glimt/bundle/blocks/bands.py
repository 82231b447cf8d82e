from blocks.linear import same


# Convolution by 3 x 3 of pictures [B, n, height, width] -> [B, m, height, width]. What is large is computed in bands of
# rows, so that besides the input and the result only a band is in memory.
class BandedConv2d(Module):
  weight : Tensor       # [m, n, 3, 3]
  bias : Tensor         # [m]

  # Of the picture after a group norm (Wu and He 2018) in float32, and SiLU. The result may take the place of a picture
  # that nobody needs any more, if m = n.
  def normed(self, z: Tensor, scale: Tensor, shift: Tensor, groups: int, eps: float, replaced: bool) -> Tensor:
    weight = same(self.weight, z)
    bias = same(self.bias, z)
    scale = torch.to(scale, 6)
    shift = torch.to(shift, 6)
    if is_large(z, 1):
      return in_bands(z, weight, bias, affine_norm(z, scale, shift, groups, eps), 1, replaced)
    h = torch.group_norm(torch.to(z, 6), groups, scale, shift, eps)
    return torch.conv2d(torch.silu(torch.to(h, ops.prim.dtype(z))), weight, bias, [1, 1], [1, 1], [1, 1], 1)

  # Of the picture twice as high and wide, each of its values four times.
  def doubled(self, z: Tensor) -> Tensor:
    weight = same(self.weight, z)
    bias = same(self.bias, z)
    if is_large(z, 2):
      return in_bands(z, weight, bias, annotate(List[Tensor], []), 2, False)
    h = torch.upsample_nearest2d(z, [2 * torch.size(z, 2), 2 * torch.size(z, 3)])
    return torch.conv2d(h, weight, bias, [1, 1], [1, 1], [1, 1], 1)


# Convolution by 1 x 1 of pictures z [B, n, height, width], added to h [B, m, height, width], in the same bands.
class AddedConv2d(Module):
  weight : Tensor       # [m, n, 1, 1]
  bias : Tensor         # [m]

  def forward(self, h: Tensor, z: Tensor) -> Tensor:
    weight = same(self.weight, z)
    bias = same(self.bias, z)
    rows = max(1, 2097152 * torch.size(z, 2) // torch.numel(z))
    for begin in range(0, torch.size(z, 2), rows):
      count = min(rows, torch.size(z, 2) - begin)
      part = torch.conv2d(torch.narrow(z, 2, begin, count), weight, bias, [1, 1], [0, 0], [1, 1], 1)
      written = torch.add_(torch.narrow(h, 2, begin, count), part)
    return h


# Whether the values are more than a band's, of 8 MB in float32.
def is_large(z: Tensor, times: int) -> bool:
  return times * times * torch.numel(z) > 2097152


# The scale and shift [B, n, 1, 1] that a group norm comes to, in float32. The moments are taken group by group, in two
# passes.
def affine_norm(z: Tensor, scale: Tensor, shift: Tensor, groups: int, eps: float) -> List[Tensor]:
  means = annotate(List[Tensor], [])
  factors = annotate(List[Tensor], [])
  for g in range(groups):
    width = torch.size(z, 1) // groups
    part = torch.flatten(torch.to(torch.narrow(z, 1, g * width, width), 6), 1)
    mean = torch.mean(part, [1], True)
    part = part - mean
    torch.append(means, torch.expand(mean, [-1, width]))
    factor = torch.rsqrt(torch.mean(torch.mul_(part, part), [1], True) + eps)
    torch.append(factors, torch.expand(factor, [-1, width]))
  factor = torch.cat(factors, 1) * scale
  moved = shift - torch.cat(means, 1) * factor
  return [torch.unsqueeze(torch.unsqueeze(factor, 2), 3), torch.unsqueeze(torch.unsqueeze(moved, 2), 3)]


# Convolves band by band, each with the row above and the row below; beyond the picture's edge they are 0. If the result
# replaces the picture, each band keeps its last row for the next.
def in_bands(z: Tensor, weight: Tensor, bias: Tensor, affine: List[Tensor], times: int, replaced: bool) -> Tensor:
  height = torch.size(z, 2)
  width = torch.size(z, 3)
  result = z
  if not replaced:
    result = torch.empty([torch.size(z, 0), torch.size(weight, 0), times * height, times * width], dtype=ops.prim.dtype(z), device=ops.prim.device(z))
  rows = max(1, 2097152 * height // (times * times * torch.numel(z)))
  last = torch.narrow(z, 2, 0, 1)
  for begin in range(0, height, rows):
    end = min(begin + rows, height)
    above = min(begin, 1)
    below = min(height - end, 1)
    h = torch.narrow(z, 2, begin - above, end + below - begin + above)
    if replaced:
      if begin > 0:
        h = torch.cat([last, torch.narrow(z, 2, begin, end + below - begin)], 2)
      last = torch.clone(torch.narrow(z, 2, end - 1, 1))
    if torch.len(affine) == 2:
      h = torch.silu_(torch.to(torch.add_(torch.to(h, 6) * affine[0], affine[1]), ops.prim.dtype(z)))
    if times == 2:
      h = torch.upsample_nearest2d(h, [2 * torch.size(h, 2), 2 * width])
      h = torch.narrow(h, 2, above, torch.size(h, 2) - above - below)
    if above + below < 2:
      h = torch.constant_pad_nd(h, [0, 0, 1 - above, 1 - below], 0)
    h = torch.conv2d(h, weight, bias, [1, 1], [0, 1], [1, 1], 1)
    written = torch.copy_(torch.narrow(result, 2, times * begin, times * (end - begin)), h)
  return result
