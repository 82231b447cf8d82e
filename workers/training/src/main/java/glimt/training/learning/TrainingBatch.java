package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One step's questions and right answers, a row each.
 *
 * @param x what the network is handed, c_in x, [B, …]
 * @param noise its names for the noise levels, [B]
 * @param words token ids, [B, length]
 * @param below what the level is conditioned on, or null
 * @param answer F as it should be, shaped like x
 * @param weight how much a row's squared error counts
 */
record TrainingBatch(
    Tensor x, Tensor noise, Tensor words, @Nullable Tensor below, Tensor answer, float[] weight) {

  /** What the network is called with. */
  NDList inputs(NDManager scope) {
    NDList inputs =
        new NDList(
            array(x, scope),
            array(noise, scope),
            scope.create(words.longs(), new Shape(words.dimensions())));
    if (below != null) {
      inputs.add(array(below, scope));
    }
    return inputs;
  }

  /** The mean over rows and values of weight (f - answer)^2, a scalar to be derived. */
  NDArray loss(NDArray f, NDManager scope) {
    long[] shape = new long[x.dimensions().length];
    Arrays.fill(shape, 1);
    shape[0] = weight.length;
    NDArray weights = scope.create(weight, new Shape(shape));
    return f.sub(array(answer, scope)).square().mul(weights).mean();
  }

  private static NDArray array(Tensor tensor, NDManager scope) {
    return scope.create(tensor.floats(), new Shape(tensor.dimensions()));
  }
}
