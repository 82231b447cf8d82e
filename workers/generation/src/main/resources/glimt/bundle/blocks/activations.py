# The logistic approximation of GELU (Hendrycks and Gimpel 2016) that CLIP was trained with.
def quick_gelu(z: Tensor) -> Tensor:
  return z * torch.sigmoid(z * 1.702)
