package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The inputs and targets of a training step, a row for each sample.
 *
 * @param x the network's input c_in x, [B, …]
 * @param noise the network's time input ln(sigma) / 4, [B]
 * @param words token ids, [B, length]
 * @param below the level below, [B, …], or null
 * @param answer the target of F, of the shape of x
 * @param weight the weight of each row's squared error, [B]
 */
record TrainingBatch(
    Tensor x, Tensor noise, Tensor words, @Nullable Tensor below, Tensor answer, float[] weight)
    implements TrainingStep {

  @Override
  public NDList inputs(NDManager scope) {
    NDList inputs = new NDList(array(x, scope), array(noise, scope), Caption.array(words, scope));
    if (below != null) {
      inputs.add(array(below, scope));
    }
    return inputs;
  }

  /** The mean over rows and values of weight (f - answer)^2, a scalar for backpropagation. */
  @Override
  public NDArray loss(NDArray f, NDManager scope) {
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
