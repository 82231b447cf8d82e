package glimt.deploy.models;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The names and shapes of a network's tensors, as they are published. */
final class TensorShapes {
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

  /** The shapes so far, in the order in which they were added. */
  Map<String, List<Long>> all() {
    return Collections.unmodifiableMap(shapes);
  }

  /** How many values all tensors have. */
  long parameters() {
    return shapes.values().stream().mapToLong(TensorShapes::count).sum();
  }

  static long count(List<Long> shape) {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  void tensor(String name, long... extents) {
    shapes.put(name, Arrays.stream(extents).boxed().toList());
  }

  /** A linear layer without a bias. */
  void projection(String at, long from, long to) {
    tensor(at + ".weight", to, from);
  }

  void linear(String at, long from, long to) {
    projection(at, from, to);
    tensor(at + ".bias", to);
  }

  /** A convolution whose kernel has these extents. */
  void convolution(String at, long from, long to, long... kernel) {
    long[] extents = new long[2 + kernel.length];
    extents[0] = to;
    extents[1] = from;
    System.arraycopy(kernel, 0, extents, 2, kernel.length);
    tensor(at + ".weight", extents);
    tensor(at + ".bias", to);
  }

  /** A norm with learnt scales and shifts. */
  void norm(String at, long width) {
    tensor(at + ".weight", width);
    tensor(at + ".bias", width);
  }

  /** Linear layers without a bias for queries, keys and values, and one with a bias behind them. */
  void attention(String at, long width, long context) {
    projection(at + ".to_q", width, width);
    projection(at + ".to_k", context, width);
    projection(at + ".to_v", context, width);
    linear(at + ".to_out.0", width, width);
  }
}
