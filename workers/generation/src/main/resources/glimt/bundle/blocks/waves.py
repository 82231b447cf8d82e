# The noise level [B] as sines and cosines [B, 2 count] of frequencies that begin with `first` and grow by exp(step).
def waves(noise: Tensor, count: int, step: float, first: float) -> Tensor:
  pace = torch.exp(torch.arange(count, dtype=6, device=ops.prim.device(noise)) * step) * first
  turn = torch.unsqueeze(noise, 1) * pace
  return torch.cat([torch.sin(turn), torch.cos(turn)], 1)
