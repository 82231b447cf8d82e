# The places of a side of a picture as waves [n, d] (Vaswani et al. 2017); a side of another length than it was trained
# with is stretched to that.
def place_waves(n: int, trained: int, d: int, like: Tensor) -> Tensor:
  half = d // 2
  rate = torch.pow(10000., torch.arange(half, dtype=7, device=ops.prim.device(like)) / (-1. * half))
  place = torch.arange(n, dtype=7, device=ops.prim.device(like)) / (n / trained)
  turn = torch.unsqueeze(place, 1) * torch.unsqueeze(rate, 0)
  return torch.to(torch.cat([torch.sin(turn), torch.cos(turn)], -1), ops.prim.dtype(like))
