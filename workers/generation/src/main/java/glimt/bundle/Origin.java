package glimt.bundle;

import glimt.bundle.Safetensors.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which published tensor, or which rows of one, a tensor of a source is. Values are never moved:
 * rows of a row-major tensor are contiguous.
 *
 * @param tensor the published name
 * @param firstRow of the rows that are taken along the first axis
 * @param rows how many; 0 is all of them
 * @param shape another shape of as many values, such as a linear layer's of a 1 × 1 convolution's
 *     weight; 0 is the published extent of that axis, -1 is what remains; null is as published
 */
public record Origin(String tensor, long firstRow, long rows, @Nullable List<Long> shape) {
  public Origin {
    shape = shape == null ? null : List.copyOf(shape);
  }

  /** A whole tensor under another name. */
  public static Origin of(String tensor) {
    return new Origin(tensor, 0, 0, null);
  }

  /** The same values in another shape. */
  public Origin shaped(Long... extents) {
    return new Origin(tensor, firstRow, rows, List.of(extents));
  }

  /** A tensor as a matrix: its first axis by all the others. */
  public static Origin matrix(String tensor) {
    return new Origin(tensor, 0, 0, List.of(0L, -1L));
  }

  /** Some rows of a tensor. */
  public static Origin rows(String tensor, long firstRow, long rows) {
    return new Origin(tensor, firstRow, rows, null);
  }

  /**
   * Takes it from the published tensor.
   *
   * @throws IllegalArgumentException if that has fewer rows or other values
   */
  public Tensor of(Tensor published) {
    List<Long> extents = new ArrayList<>(published.shape());
    var values = published.values();
    if (rows > 0) {
      long row = published.values().byteSize() / extents.getFirst();
      if (firstRow + rows > extents.getFirst()) {
        throw new IllegalArgumentException(
            "tensor %s has %s rows, not %s".formatted(tensor, extents.getFirst(), firstRow + rows));
      }
      values = values.asSlice(firstRow * row, rows * row);
      extents.set(0, rows);
    }
    return new Tensor(published.dtype(), shape == null ? extents : shaped(extents, shape), values);
  }

  private static List<Long> shaped(List<Long> extents, List<Long> shape) {
    List<Long> shaped = new ArrayList<>();
    long remains = extents.stream().reduce(1L, Math::multiplyExact);
    for (int axis = 0; axis < shape.size(); axis++) {
      long extent = shape.get(axis) == 0 ? extents.get(axis) : shape.get(axis);
      shaped.add(extent);
      remains /= extent > 0 ? extent : 1;
    }
    long rest = remains;
    shaped.replaceAll(extent -> extent < 0 ? rest : extent);
    return shaped;
  }
}
