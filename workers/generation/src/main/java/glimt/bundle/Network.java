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
 * A loaded network that maps named tensors to tensors: a prompt encoder, a denoiser or a latent
 * decoder. An instance may be used by one thread only.
 *
 * <p>Its inputs are called ports and are the parameters of {@code forward} in its source. The first
 * two ports of a denoiser are {@code x}, the noisy sample, and {@code noise}, the noise level; the
 * others are conditions.
 */
public interface Network extends AutoCloseable {
  /** The port for the noisy sample of a denoiser. */
  String X = "x";

  /** The port for the noise level of a denoiser. */
  String NOISE = "noise";

  /** The port for the token ids of a {@link glimt.model.WordList}. */
  String WORDS = "words";

  /** The port for the enlarged sample of the level below. */
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
   * Evaluates the network.
   *
   * <p>The result belongs to the manager of the first port's tensor, following DJL's convention
   * that a result lives with its first operand. Intermediate tensors are freed before the call
   * returns.
   *
   * @param inputs a tensor for every port
   * @return one or several tensors, named if the source returns a {@code Dict[str, Tensor]}
   * @throws BundleException if a port has no tensor, or a tensor has no port
   */
  NDList call(Map<String, NDArray> inputs);

  /**
   * Evaluates a denoiser's network F(x; noise, conditioning).
   *
   * @param x the scaled noisy sample c_in x, float32, [B, …] as the level's card says
   * @param noise c_noise = ln(sigma) / 4, float32 [B]
   * @param conditioning a tensor for every other port; of {@code words} (token ids, int64 [B,
   *     length]) a row of zeros means no condition
   * @return F, float32, of the shape of x
   * @throws BundleException if a port has no tensor, or a tensor has no port
   */
  default NDArray forward(NDArray x, NDArray noise, Map<String, NDArray> conditioning) {
    Map<String, NDArray> inputs = new LinkedHashMap<>(conditioning);
    inputs.put(X, x);
    inputs.put(NOISE, noise);
    return call(inputs).singletonOrThrow();
  }

  /**
   * The conditioning of a cascade level whose prompt is a list of words.
   *
   * @param words token ids, int64 [B, length]
   * @param below the enlarged level below, float32, for levels above the base; else null
   */
  static Map<String, NDArray> conditioning(NDArray words, @Nullable NDArray below) {
    return below == null ? Map.of(WORDS, words) : Map.of(WORDS, words, BELOW, below);
  }

  /**
   * Loads a network onto the default device. The caller closes it.
   *
   * @param name the name of the network, for error messages
   * @throws BundleException if source and weights do not fit together or libtorch rejects them
   */
  static Network of(String name, NetworkSource source, Safetensors weights, Precision precision) {
    return TorchNetwork.load(
        name, source, weights, precision, Engine.getEngine("PyTorch").defaultDevice());
  }

  @Override
  void close();
}
