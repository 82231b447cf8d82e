package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.TrainableNetwork;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * AdamW (Loshchilov &amp; Hutter 2019, Algorithm 2) with gradients scaled by their global norm, and
 * the exponential moving average of the weights. Checkpoints contain its complete state.
 */
final class AdamW implements AutoCloseable {
  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.98f;
  private static final float EPSILON = 1e-8f;

  /** A weight with its moments and its average, all of the same shape. */
  private record Weight(NDArray value, NDArray mean, NDArray variance, NDArray average) {}

  private final Map<String, Weight> weights = new LinkedHashMap<>();
  private final NDManager memory;

  private AdamW(NDManager memory) {
    this.memory = memory;
  }

  static AdamW of(TrainableNetwork network) {
    AdamW optimiser = new AdamW(network.manager().newSubManager());
    network
        .parameters()
        .forEach(
            (name, value) -> {
              NDArray average = optimiser.memory.create(value.toFloatArray(), value.getShape());
              optimiser.weights.put(
                  name,
                  new Weight(
                      value,
                      optimiser.memory.zeros(value.getShape()),
                      optimiser.memory.zeros(value.getShape()),
                      average));
            });
    return optimiser;
  }

  /** The Euclidean norm of all gradients together. */
  double gradientLength() {
    double sum = 0;
    try (NDManager scope = memory.newSubManager()) {
      for (Weight weight : weights.values()) {
        NDArray gradient = weight.value.getGradient();
        gradient.attach(scope);
        sum += gradient.square().sum().getFloat();
      }
    }
    return Math.sqrt(sum);
  }

  /**
   * Updates the weights and their average.
   *
   * @param step the number of the step, counted from 1
   * @param rate the learning rate
   * @param scale the factor of the gradients, at most 1
   * @param weightDecay the decoupled weight decay, which applies to matrices only
   * @param decay the decay of the average
   */
  void update(long step, double rate, double scale, double weightDecay, double decay) {
    double corrected =
        rate * Math.sqrt(1 - Math.pow(BETA2, (double) step)) / (1 - Math.pow(BETA1, (double) step));
    try (NDManager scope = memory.newSubManager()) {
      for (Weight weight : weights.values()) {
        NDArray gradient = weight.value.getGradient();
        gradient.attach(scope);
        boolean matrix = weight.value.getShape().dimension() > 1;
        JniUtils.adamUpdate(
            (PtNDArray) weight.value,
            (PtNDArray) gradient,
            (PtNDArray) weight.mean,
            (PtNDArray) weight.variance,
            (float) rate,
            (float) corrected,
            matrix ? (float) weightDecay : 0,
            (float) scale,
            -1, // no elementwise clipping, because it changes the direction of the gradient
            BETA1,
            BETA2,
            EPSILON,
            true);
        NDArray value = weight.value.stopGradient();
        value.attach(scope);
        weight.average.muli((float) decay);
        weight.average.addi(value.mul((float) (1 - decay)));
      }
    }
  }

  /** The averaged weights in float32. */
  Safetensors average() {
    Map<String, Tensor> out = new LinkedHashMap<>();
    weights.forEach((name, weight) -> out.put(name, tensor(weight.average)));
    return new Safetensors(out);
  }

  /** The complete state for {@link #restore}. */
  Map<String, Tensor> state() {
    Map<String, Tensor> out = new LinkedHashMap<>();
    weights.forEach(
        (name, weight) -> {
          out.put("value/" + name, tensor(weight.value));
          out.put("mean/" + name, tensor(weight.mean));
          out.put("variance/" + name, tensor(weight.variance));
          out.put("average/" + name, tensor(weight.average));
        });
    return out;
  }

  /** The weights of a {@link #state} without averaging, from which training resumes. */
  static Safetensors values(Safetensors state) {
    Map<String, Tensor> values = new LinkedHashMap<>();
    state
        .tensors()
        .forEach(
            (name, tensor) -> {
              if (name.startsWith("value/")) {
                values.put(name.substring("value/".length()), tensor);
              }
            });
    return new Safetensors(values);
  }

  void restore(Safetensors state) {
    weights.forEach(
        (name, weight) -> {
          set(weight.mean, state.get("mean/" + name));
          set(weight.variance, state.get("variance/" + name));
          set(weight.average, state.get("average/" + name));
        });
  }

  private static void set(NDArray array, Tensor tensor) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * tensor.size()).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(tensor.floats());
    array.set(bytes);
  }

  private static Tensor tensor(NDArray array) {
    Shape shape = array.getShape();
    return Tensor.of(array.toFloatArray(), shape.getShape());
  }

  @Override
  public void close() {
    memory.close();
  }
}
