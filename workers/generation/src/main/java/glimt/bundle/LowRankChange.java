package glimt.bundle;

import glimt.bundle.Safetensors.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A low-rank change of a matrix, or of a kernel as the matrix of its outputs by all the rest: W + s
 * B A, where s is alpha by the rank (Hu et al. 2021).
 *
 * @param down A, [rank, inputs ...]
 * @param up B, [outputs, rank ...]
 */
public record LowRankChange(Tensor down, Tensor up, double alpha) {
  /** The rank. */
  public long rank() {
    return down.shape().getFirst();
  }

  /**
   * Adds weight s B A to consecutive rows of the matrix.
   *
   * @param values the rows, [rows, inputs]
   * @param firstRow of the matrix that is among them
   */
  public void addTo(double[] values, int firstRow, double weight) {
    int rank = Math.toIntExact(rank());
    int inputs = down.size() / rank;
    float[] a = down.floats();
    float[] b = up.floats();
    double scale = weight * alpha / rank;
    for (int row = 0; row < values.length / inputs; row++) {
      for (int r = 0; r < rank; r++) {
        double factor = scale * b[(firstRow + row) * rank + r];
        for (int i = 0; i < inputs; i++) {
          values[row * inputs + i] += factor * a[r * inputs + i];
        }
      }
    }
  }

  /** Returns whether it is a change of such a tensor. */
  public boolean fits(Tensor base) {
    return base.shape().size() > 1
        && up.shape().getFirst().equals(base.shape().getFirst())
        && (long) up.size() / rank() * (down.size() / rank()) == base.size()
        && up.shape().get(1) == rank();
  }

  /** The change of some rows, as {@link Origin#rows}; 0 is all of them. */
  public LowRankChange rows(long first, long count) {
    if (count == 0) {
      return this;
    }
    List<Long> shape = new ArrayList<>(up.shape());
    long row = up.values().byteSize() / shape.getFirst();
    shape.set(0, count);
    return new LowRankChange(
        down, new Tensor(up.dtype(), shape, up.values().asSlice(first * row, count * row)), alpha);
  }
}
