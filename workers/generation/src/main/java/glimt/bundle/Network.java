package glimt.bundle;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A trained function of named tensors, ready to be called: an encoder of prompts, a denoiser, a
 * decoder of latents. One instance serves one thread.
 *
 * <p>What it takes are its ports, the parameters of its source's {@code forward}. A denoiser's
 * first two are {@code x}, the sample, and {@code noise}, its level; the others condition it.
 */
public interface Network extends AutoCloseable {
  /** The port of a denoiser's sample. */
  String X = "x";

  /** The port of a denoiser's noise level. */
  String NOISE = "noise";

  /** The port of the words of a {@link glimt.model.WordList}. */
  String WORDS = "words";

  /** The port of the level below, enlarged. */
  String BELOW = "below";

  /**
   * Loads a network from its source and weights; {@code name} stands for it in errors.
   *
   * @param weights a tensor for every path of the source
   */
  static Network load(
      String name, NetworkSource source, Safetensors weights, Precision precision, Device device) {
    return TorchNetwork.load(name, source, weights, precision, device);
  }

  /** The names of what it takes, in the order of the source. */
  List<String> ports();

  /**
   * One call.
   *
   * <p>What it returns belongs to the manager of the first port's tensor, as DJL puts it where its
   * first operand lives; whatever the call needs in between is freed when it returns.
   *
   * @param inputs a tensor for every port
   * @return one or several tensors, named if the source returns a {@code Dict[str, Tensor]}
   * @throws BundleException if a port is not fed, or something is fed that is no port
   */
  NDList call(Map<String, NDArray> inputs);

  /**
   * One evaluation F(x; noise, conditioning) of a denoiser.
   *
   * @param x the scaled noisy sample c_in x, float32, [B, …] as the level's card says
   * @param noise c_noise = ln(sigma) / 4, float32 [B]
   * @param conditioning a tensor for every other port; of {@code words} (token ids, int64 [B,
   *     length]) a row of zeros is unconditional
   * @return F, float32, of the shape of x
   * @throws BundleException as {@link #call} does
   */
  default NDArray forward(NDArray x, NDArray noise, Map<String, NDArray> conditioning) {
    Map<String, NDArray> inputs = new LinkedHashMap<>(conditioning);
    inputs.put(X, x);
    inputs.put(NOISE, noise);
    return call(inputs).singletonOrThrow();
  }

  /**
   * What conditions a level of a cascade that is steered by words.
   *
   * @param below the enlarged level below, float32, for levels above the base; else null
   */
  static Map<String, NDArray> conditioning(NDArray words, @Nullable NDArray below) {
    return below == null ? Map.of(WORDS, words) : Map.of(WORDS, words, BELOW, below);
  }

  /** Loads a network on the usual device; {@code name} stands for it in errors. */
  static Network of(String name, NetworkSource source, Safetensors weights, Precision precision) {
    return TorchNetwork.load(
        name, source, weights, precision, Engine.getEngine("PyTorch").defaultDevice());
  }

  @Override
  void close();
}
