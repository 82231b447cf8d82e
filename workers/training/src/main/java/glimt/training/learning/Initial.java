package glimt.training.learning;

import glimt.bundle.BundleException;
import glimt.bundle.NetworkSource;
import glimt.bundle.NetworkSource.Attribute;
import glimt.bundle.NetworkSource.ModuleClass;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * Creates the initial weights of a network as specified in the comments of its source: {@code # [m,
 * n] zero}, {@code one}, or {@code normal s} with standard deviation s. Sizes come from the recipe
 * and from the comments of the enclosing modules.
 */
public final class Initial {
  private static final Pattern TENSOR = Pattern.compile("\\[(.*)]\\s*(zero|one|normal)\\s*(.*)");
  private static final Pattern SIZE = Pattern.compile("(\\w+)=(\\S+)");

  private final NetworkSource source;
  private final RandomGenerator random;
  private final Map<String, Tensor> weights = new LinkedHashMap<>();

  private Initial(NetworkSource source, RandomGenerator random) {
    this.source = source;
    this.random = random;
  }

  /**
   * Returns float32 weights, drawn from {@code random} in the order of the source.
   *
   * @throws BundleException if a tensor's comment has no shape
   * @throws IllegalArgumentException if an expression is invalid or refers to an unknown size
   */
  public static Safetensors weights(
      NetworkSource source, Map<String, Double> sizes, RandomGenerator random) {
    Initial initial = new Initial(source, random);
    initial.module("", source.root(), sizes);
    return new Safetensors(initial.weights);
  }

  private void module(String path, ModuleClass type, Map<String, Double> sizes) {
    for (Attribute attribute : type.attributes()) {
      switch (attribute.type()) {
        case "int" -> {}
        case "Tensor" -> tensor(path + attribute.name(), attribute.note(), sizes);
        default -> {
          Map<String, Double> inner = new HashMap<>(sizes);
          Matcher size = SIZE.matcher(attribute.note());
          while (size.find()) {
            inner.put(size.group(1), Expression.value(size.group(2), sizes));
          }
          module(path + attribute.name() + ".", source.moduleClass(attribute.type()), inner);
        }
      }
    }
  }

  private void tensor(String path, String note, Map<String, Double> sizes) {
    Matcher parts = TENSOR.matcher(note);
    if (!parts.matches()) {
      throw new BundleException(
          "tensor " + path + " has no shape in its comment, such as # [m, n] zero: # " + note);
    }
    long[] shape =
        Pattern.compile(",")
            .splitAsStream(parts.group(1))
            .mapToLong(extent -> Math.round(Expression.value(extent, sizes)))
            .toArray();
    int count = Math.toIntExact(LongStream.of(shape).reduce(1, Math::multiplyExact));
    float[] values = new float[count];
    double spread = parts.group(2).equals("normal") ? Expression.value(parts.group(3), sizes) : 0;
    for (int i = 0; i < count; i++) {
      values[i] =
          parts.group(2).equals("one")
              ? 1
              : spread == 0 ? 0 : (float) random.nextGaussian(0, spread);
    }
    weights.put(path, Tensor.of(values, shape));
  }
}
