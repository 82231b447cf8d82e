# Timesteps [B] as waves [B, d], by the angles t * period^(-i / (d / 2 - shift)) (Ho et al. 2020), rounded as diffusers
# rounds them: the exponents are multiplied first and divided then, which large timesteps tell apart. The field differs
# in which half comes first and in the shift.
def time_waves(t: Tensor, d: int, cosines_first: bool, shift: float, period: float) -> Tensor:
  half = d // 2
  exponents = torch.arange(half, dtype=6, device=ops.prim.device(t)) * -torch.log(period) / (half - shift)
  angle = torch.unsqueeze(torch.to(t, 6), 1) * torch.unsqueeze(torch.exp(exponents), 0)
  first = torch.cos(angle)
  second = torch.sin(angle)
  waves = torch.cat([second, first], -1)
  if cosines_first:
    waves = torch.cat([first, second], -1)
  if d % 2 == 1:
    waves = torch.constant_pad_nd(waves, [0, 1], 0)
  return waves
