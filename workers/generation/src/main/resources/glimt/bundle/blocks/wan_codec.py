from blocks.convolution import Conv2d, Conv3d
from blocks.linear import same


# Parts of Wan's causal video codec (Wan Team 2025, arXiv:2503.20314). A clip passes it chunk by chunk, so that its memory
# does not grow with the clip. What a layer must remember of the chunk before stands in the queue `past`: each takes its
# own from the front and puts the new one at the back, so that after a pass the queue is in order again. Clips are laid
# out [B, channels, frames, height, width].


# Sees two frames before each; before the first chunk they are zeros.
class WanCausalConv(Module):
  weight : Tensor       # [m, n, 3, kernel, kernel]
  bias : Tensor         # [m]

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    if first:
      seen = torch.constant_pad_nd(z, [0, 0, 0, 0, 2, 0], 0)
    else:
      seen = torch.cat([torch.pop(past, 0), z], 2)
    torch.append(past, torch.clone(torch.narrow(seen, 2, torch.size(seen, 2) - 2, 2)))
    side = torch.size(self.weight, 4) // 2
    return torch.conv3d(seen, same(self.weight, z), same(self.bias, z), [1, 1, 1], [0, side, side], [1, 1, 1], 1)


# By the length of a place's channels; in float32.
class WanNorm(Module):
  gamma : Tensor        # of clips [c, 1, 1, 1], of frames [c, 1, 1]

  def forward(self, z: Tensor) -> Tensor:
    f = torch.to(z, 6)
    length = torch.clamp_min(torch.sqrt(torch.sum(f * f, [1], True)), 1e-12)
    h = f / length * torch.sqrt(torch.size(z, 1)) * torch.to(self.gamma, 6)
    return torch.to(h, ops.prim.dtype(z))


class WanResnet(Module):
  norm1 : WanNorm
  conv1 : WanCausalConv
  norm2 : WanNorm
  conv2 : WanCausalConv

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    h = self.conv1.forward(torch.silu(self.norm1.forward(z)), past, first)
    return z + self.conv2.forward(torch.silu(self.norm2.forward(h)), past, first)


# To another number of channels.
class WanWideningResnet(Module):
  norm1 : WanNorm
  conv1 : WanCausalConv
  norm2 : WanNorm
  conv2 : WanCausalConv
  conv_shortcut : Conv3d

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    h = self.conv1.forward(torch.silu(self.norm1.forward(z)), past, first)
    h = self.conv2.forward(torch.silu(self.norm2.forward(h)), past, first)
    return h + self.conv_shortcut.forward(z, [1, 1, 1], [0, 0, 0])


# Among the places of each frame, with one head.
class WanFrameAttention(Module):
  norm : WanNorm
  to_qkv : Conv2d
  proj : Conv2d

  def forward(self, z: Tensor) -> Tensor:
    frames = pictures(z)
    q, k, v = torch.chunk(torch.transpose(torch.flatten(self.to_qkv.forward(self.norm.forward(frames), 1, 0), 2), 1, 2), 3, -1)
    seen = torch.scaled_dot_product_attention(torch.unsqueeze(q, 1), torch.unsqueeze(k, 1), torch.unsqueeze(v, 1))
    seen = torch.reshape(torch.transpose(torch.squeeze(seen, 1), 1, 2), torch.size(frames))
    return z + clip_of(self.proj.forward(seen, 1, 0), z)


class WanMiddle(Module):
  attentions : WanMiddleAttentions
  resnets : WanMiddleResnets

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    z = self.attentions._0.forward(self.resnets._0.forward(z, past, first))
    return self.resnets._1.forward(z, past, first)


class WanMiddleAttentions(Module):
  _0 : WanFrameAttention


class WanMiddleResnets(Module):
  _0 : WanResnet
  _1 : WanResnet


class WanResampling(Module):
  _1 : Conv2d


# Half as high and wide.
class WanDownsample2d(Module):
  resample : WanResampling

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    return clip_of(self.resample._1.forward(bordered(pictures(z)), 2, 0), z)


# Also half as many frames, but for the first, which stays.
class WanDownsample3d(Module):
  resample : WanResampling
  time_conv : Conv3d

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    h = clip_of(self.resample._1.forward(bordered(pictures(z)), 2, 0), z)
    last = torch.clone(torch.narrow(h, 2, torch.size(h, 2) - 1, 1))
    if not first:
      h = self.time_conv.forward(torch.cat([torch.pop(past, 0), h], 2), [2, 1, 1], [0, 0, 0])
    torch.append(past, last)
    return h


# Twice as high and wide.
class WanUpsample2d(Module):
  resample : WanResampling

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    return clip_of(self.resample._1.forward(doubled(pictures(z)), 1, 1), z)


# Also twice as many frames, but for the first, which stays and is not remembered.
class WanUpsample3d(Module):
  resample : WanResampling
  time_conv : WanCausalConv

  def forward(self, z: Tensor, past: List[Tensor], first: bool) -> Tensor:
    if first:
      torch.append(past, torch.zeros_like(torch.cat([z, z], 2)))
      h = z
    else:
      pairs = torch.unflatten(self.time_conv.forward(z, past, False), 1, [2, -1])
      h = torch.flatten(torch.permute(pairs, [0, 2, 3, 1, 4, 5]), 2, 3)
    return clip_of(self.resample._1.forward(doubled(pictures(h)), 1, 1), h)


# [B, c, t, h, w] -> [B * t, c, h, w]
def pictures(z: Tensor) -> Tensor:
  return torch.flatten(torch.transpose(z, 1, 2), 0, 1)


# The way back, to a batch like that of another clip.
def clip_of(frames: Tensor, like: Tensor) -> Tensor:
  return torch.transpose(torch.unflatten(frames, 0, [torch.size(like, 0), torch.size(like, 2)]), 1, 2)


def doubled(frames: Tensor) -> Tensor:
  return torch.upsample_nearest2d(frames, [2 * torch.size(frames, 2), 2 * torch.size(frames, 3)], None, None)


# A row and a column of zeros below and to the right.
def bordered(frames: Tensor) -> Tensor:
  return torch.constant_pad_nd(frames, [0, 1, 0, 1], 0)


# The mean of blocks of places and of neighbouring channels, to m channels; zeros come before a clip of odd length.
def wan_averaged(z: Tensor, m: int, frames: int, side: int) -> Tensor:
  missing = (frames - torch.size(z, 2) % frames) % frames
  x = torch.constant_pad_nd(z, [0, 0, 0, 0, missing, 0], 0)
  b, c, t, h, w = torch.size(x)
  x = torch.reshape(x, [b, c, t // frames, frames, h // side, side, w // side, side])
  x = torch.permute(x, [0, 1, 3, 5, 7, 2, 4, 6])
  return torch.mean(torch.reshape(x, [b, m, -1, t // frames, h // side, w // side]), [2])


# Each value as a block of places, from channels repeated to m times the block; the first chunk begins with one frame.
def wan_repeated(z: Tensor, m: int, frames: int, side: int, first: bool) -> Tensor:
  b, c, t, h, w = torch.size(z)
  x = torch.repeat_interleave(z, m * frames * side * side // c, 1)
  x = torch.reshape(x, [b, m, frames, side, side, t, h, w])
  x = torch.reshape(torch.permute(x, [0, 1, 5, 2, 6, 3, 7, 4]), [b, m, t * frames, h * side, w * side])
  if first:
    x = torch.narrow(x, 2, frames - 1, torch.size(x, 2) - frames + 1)
  return x


# Squares of places as channels, columns before rows.
def wan_patches(z: Tensor, side: int) -> Tensor:
  b, c, t, h, w = torch.size(z)
  x = torch.permute(torch.reshape(z, [b, c, t, h // side, side, w // side, side]), [0, 1, 6, 4, 2, 3, 5])
  return torch.reshape(x, [b, c * side * side, t, h // side, w // side])


def wan_places(z: Tensor, side: int) -> Tensor:
  b, c, t, h, w = torch.size(z)
  x = torch.permute(torch.reshape(z, [b, c // (side * side), side, side, t, h, w]), [0, 1, 4, 5, 3, 6, 2])
  return torch.reshape(x, [b, c // (side * side), t, h * side, w * side])
