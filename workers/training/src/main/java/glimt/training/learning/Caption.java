package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The captions of a batch, a row each: token ids, I64 [B, length], or an encoder's states, F32 [B,
 * length, width]. Zeros are no caption.
 */
final class Caption {
  private Caption() {}

  static NDArray array(Tensor captions, NDManager scope) {
    Shape shape = new Shape(captions.dimensions());
    return captions.dtype() == Dtype.I64
        ? scope.create(captions.longs(), shape)
        : scope.create(captions.floats(), shape);
  }

  /**
   * Removes the captions of a fraction of the rows, so that one network learns both conditional and
   * unconditional prediction.
   */
  static Tensor without(Tensor captions, double share, SplittableRandom random) {
    int rows = Math.toIntExact(captions.dimensions()[0]);
    int size = captions.size() / rows;
    boolean ids = captions.dtype() == Dtype.I64;
    long[] longs = ids ? captions.longs() : new long[0];
    float[] floats = ids ? new float[0] : captions.floats();
    for (int row = 0; row < rows; row++) {
      if (random.nextDouble() < share) {
        if (ids) {
          Arrays.fill(longs, row * size, (row + 1) * size, 0);
        } else {
          Arrays.fill(floats, row * size, (row + 1) * size, 0);
        }
      }
    }
    return ids ? Tensor.of(longs, captions.dimensions()) : Tensor.of(floats, captions.dimensions());
  }
}
