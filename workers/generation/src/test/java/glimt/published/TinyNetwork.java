package glimt.published;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A published class for a small configuration with random weights. A tensor's values follow from
 * its name, so that two configurations differ only in what they hold.
 *
 * @param shapes by regular expressions of published names, of which the first that matches holds
 * @param zero whose tensors are zeros
 */
record TinyNetwork(
    String architecture, String config, Map<String, long[]> shapes, Predicate<String> zero) {

  static TinyNetwork of(String architecture, String config, Map<String, long[]> shapes) {
    return new TinyNetwork(architecture, config, shapes, _ -> false);
  }

  TinyNetwork withZeros(String pattern) {
    return new TinyNetwork(architecture, config, shapes, name -> name.matches(pattern));
  }

  Network load() {
    return load(Precision.FLOAT32);
  }

  Network load(Precision precision) {
    PublishedNetwork network;
    try (PublishedConfig read = PublishedConfig.parse("config.json", config)) {
      network = Architectures.of(architecture, read, Set.of());
    }
    NetworkSource source = NetworkSource.parse("network.py", network.source());
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String path : source.tensors().keySet()) {
      String name = network.origin(path).tensor();
      tensors.put(name, tensor(name));
    }
    return Network.load(
        architecture,
        source,
        network.weights("weights", new Safetensors(tensors)),
        precision,
        Device.cpu());
  }

  /** The values of one of its tensors. */
  float[] values(String name) {
    return tensor(name).floats();
  }

  private Tensor tensor(String name) {
    long[] shape =
        shapes.entrySet().stream()
            .filter(entry -> name.matches(entry.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("what shape has " + name + "?"));
    int size = 1;
    for (long extent : shape) {
      size *= (int) extent;
    }
    Random random = new Random(name.hashCode());
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = zero.test(name) ? 0 : (float) (0.3 * random.nextGaussian());
    }
    return Tensor.of(values, shape);
  }

  /** Random values in [-1, 1] that follow from the shape. */
  static NDArray values(NDManager manager, long... shape) {
    Shape as = new Shape(shape);
    Random random = new Random(as.hashCode());
    float[] values = new float[(int) as.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * random.nextFloat() - 1;
    }
    return manager.create(values, as);
  }

  /** The largest difference. */
  static double apart(NDArray one, NDArray other) {
    return one.sub(other).abs().max().getFloat();
  }
}
