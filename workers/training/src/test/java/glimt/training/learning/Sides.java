package glimt.training.learning;

import glimt.bundle.Safetensors.Tensor;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * A dataset of four values on one of two sides with equal probability; a word names the side.
 *
 * @param sample draws a sample of a side
 */
record Sides(Sample sample) implements Dataset {
  /** The sizes that the source of a test's network refers to. */
  static final String LINEAR =
      """
      class Linear(Module):
        weight : Tensor  # [m, n] normal 1/sqrt(n)
        bias : Tensor    # [m] zero

        def forward(self, z: Tensor) -> Tensor:
          dtype = ops.prim.dtype(z)
          return torch.linear(z, torch.to(self.weight, dtype), torch.to(self.bias, dtype))
      """;

  @FunctionalInterface
  interface Sample {
    /**
     * @param side 0 or 1
     * @return four values
     */
    float[] of(int side, RandomGenerator random);
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    float[] x = new float[4 * size];
    long[] words = new long[size];
    for (int row = 0; row < size; row++) {
      int side = random.nextInt(2);
      words[row] = side + 1L;
      System.arraycopy(sample.of(side, random), 0, x, 4 * row, 4);
    }
    return new Batch(Tensor.of(x, size, 4), Tensor.of(words, size, 1), null);
  }

  @Override
  public Map<String, Double> sizes() {
    return Map.of("vocabulary", 3.0, "length", 1.0);
  }
}
