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
 * A network whose weights learn: kept in 32 bits, computed in the precision asked for, on one
 * thread.
 *
 * <p>The arrays of {@link #parameters} are libtorch's own: what is written into them is what the
 * next forward sees.
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

  public static TrainableNetwork of(
      String name, NetworkSource source, Safetensors weights, Precision computed) {
    byte[] archive = TorchScript.assemble(source, weights, Precision.FLOAT32, computed);
    return new TrainableNetwork(
        TorchScript.load(name, archive, Engine.getEngine("PyTorch").defaultDevice(), true));
  }

  /** The weights by their path through the modules. */
  public Map<String, NDArray> parameters() {
    return parameters;
  }

  public NDManager manager() {
    return model.getNDManager();
  }

  /** One evaluation that remembers how it came about, for {@link #learn}. */
  public NDArray forward(NDList inputs) {
    JniUtils.setGradMode(true);
    NDManager scope = inputs.head().getManager();
    return block.forward(new ParameterStore(scope, false), inputs, true).singletonOrThrow();
  }

  /** One evaluation that remembers nothing. */
  public NDArray look(NDList inputs) {
    JniUtils.setGradMode(false);
    NDManager scope = inputs.head().getManager();
    return block.forward(new ParameterStore(scope, false), inputs, false).singletonOrThrow();
  }

  /** Adds the derivative of a loss, a scalar, to the gradient of every weight. */
  public void learn(NDArray loss) {
    try (NDArray one = loss.getManager().ones(new Shape())) {
      JniUtils.backward((PtNDArray) loss, (PtNDArray) one, false, false);
    } finally {
      JniUtils.setGradMode(false);
    }
  }

  /** Sets the gradient of every weight back to zero. */
  public void forget() {
    parameters.values().forEach(weight -> JniUtils.zeroGrad((PtNDArray) weight));
  }

  @Override
  public void close() {
    model.close();
  }
}
