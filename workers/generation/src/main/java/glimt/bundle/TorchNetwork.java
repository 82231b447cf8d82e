package glimt.bundle;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import org.jspecify.annotations.Nullable;

/** A network that libtorch runs from an archive assembled in memory. */
final class TorchNetwork implements Network {
  private final Model model;
  private final Block block;

  private TorchNetwork(Model model) {
    this.model = model;
    this.block = model.getBlock();
  }

  /** Loads an archive; {@code name} stands for it in errors. */
  static TorchNetwork load(String name, byte[] archive) {
    return new TorchNetwork(TorchScript.load(name, archive, false));
  }

  @Override
  public NDArray forward(NDArray x, NDArray noise, NDArray words, @Nullable NDArray below) {
    try (NDManager scope = x.getManager().newSubManager()) {
      NDList inputs = new NDList(alias(x, scope), alias(noise, scope), alias(words, scope));
      if (below != null) {
        inputs.add(alias(below, scope));
      }
      NDArray result =
          block.forward(new ParameterStore(scope, false), inputs, false).singletonOrThrow();
      result.attach(x.getManager());
      return result;
    }
  }

  /**
   * The same values under another manager, so that the call leaves the caller's array where it is.
   */
  private static NDArray alias(NDArray array, NDManager scope) {
    NDArray alias = array.reshape(array.getShape());
    alias.attach(scope);
    return alias;
  }

  @Override
  public void close() {
    model.close();
  }
}
