package glimt.bundle;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * A trained function F(x; noise, words, below), ready to be called. One instance serves one thread.
 *
 * <p>The result belongs to the manager of {@code x}, as DJL puts it where its first operand lives;
 * whatever the call needs in between is freed when it returns.
 */
public interface Network extends AutoCloseable {

  /**
   * One evaluation.
   *
   * @param x the scaled noisy sample c_in x, float32, [B, …] as the level's card says
   * @param noise c_noise = ln(sigma) / 4, float32 [B]
   * @param words token ids, int64 [B, length]; a row of zeros is unconditional
   * @param below the enlarged level below, float32, for levels above the base; else null
   * @return F, float32, of the shape of x
   */
  NDArray forward(NDArray x, NDArray noise, NDArray words, @Nullable NDArray below);

  /** Loads a network on the usual device; {@code name} stands for it in errors. */
  static Network of(String name, NetworkSource source, Safetensors weights, Precision precision) {
    return TorchNetwork.load(
        name, source, weights, precision, Engine.getEngine("PyTorch").defaultDevice());
  }

  @Override
  void close();
}
