package glimt.bundle;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A network that can be trained: its weights are float32, and it computes in a chosen precision. An
 * instance may be used by one thread only.
 *
 * <p>The arrays of {@link #parameters} are libtorch's own, so values written into them take effect
 * in the next forward pass.
 */
public final class TrainableNetwork implements AutoCloseable {
  private final Model model;
  private final Block block;
  private final Map<String, NDArray> parameters = new LinkedHashMap<>();

  private TrainableNetwork(Model model) {
    this.model = model;
    this.block = model.getBlock();
    block
        .getParameters()
        .forEach(
            named -> {
              NDArray weight = named.getValue().getArray();
              weight.setRequiresGradient(true);
              parameters.put(named.getKey(), weight);
            });
  }

  /**
   * Loads a network for training on the default device. The caller closes it.
   *
   * @param name the name of the network, for error messages
   * @param weights the initial weights
   * @param computed the precision of the computation
   * @throws BundleException if source and weights do not fit together or libtorch rejects them
   */
  public static TrainableNetwork of(
      String name, NetworkSource source, Safetensors weights, Precision computed) {
    byte[] archive = TorchScript.assemble(source, weights, Precision.FLOAT32, computed);
    return new TrainableNetwork(
        TorchScript.load(name, archive, Engine.getEngine("PyTorch").defaultDevice(), true));
  }

  /** The weights by their path through the modules, such as {@code b0.qkv.weight}. */
  public Map<String, NDArray> parameters() {
    return parameters;
  }

  /** The manager that owns the weights; it is closed with this network. */
  public NDManager manager() {
    return model.getNDManager();
  }

  /**
   * Evaluates the network and records the computation for {@link #learn}.
   *
   * @param inputs a tensor for each port, in the order of the source
   */
  public NDArray forward(NDList inputs) {
    JniUtils.setGradMode(true);
    NDManager scope = inputs.head().getManager();
    return block.forward(new ParameterStore(scope, false), inputs, true).singletonOrThrow();
  }

  /**
   * Evaluates the network without recording the computation.
   *
   * @param inputs a tensor for each port, in the order of the source
   */
  public NDArray look(NDList inputs) {
    JniUtils.setGradMode(false);
    NDManager scope = inputs.head().getManager();
    return block.forward(new ParameterStore(scope, false), inputs, false).singletonOrThrow();
  }

  /** Adds the derivative of a scalar loss to the gradient of every weight (backpropagation). */
  public void learn(NDArray loss) {
    try (NDArray one = loss.getManager().ones(new Shape())) {
      JniUtils.backward((PtNDArray) loss, (PtNDArray) one, false, false);
    } finally {
      JniUtils.setGradMode(false);
    }
  }

  /** Resets the gradient of every weight to zero. */
  public void forget() {
    parameters.values().forEach(weight -> JniUtils.zeroGrad((PtNDArray) weight));
  }

  @Override
  public void close() {
    model.close();
  }
}
