package glimt.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;

/** A row-major float64 array with a shape. */
final class Tensor {
  private final Shape shape;
  private final double[] data;

  Tensor(Shape shape, double[] data) {
    this.shape = shape;
    this.data = data;
  }

  Shape shape() {
    return shape;
  }

  double[] data() {
    return data;
  }

  static Tensor of(JsonNode json) {
    return new Tensor(
        new Shape(Arrays.stream(numbers(json.get("shape"))).mapToLong(d -> (long) d).toArray()),
        numbers(json.get("data")));
  }

  static Tensor of(NDArray array) {
    return new Tensor(array.getShape(), array.toType(DataType.FLOAT64, false).toDoubleArray());
  }

  /** Reads a JSON array of numbers, in which the strings Infinity and NaN are allowed. */
  static double[] numbers(JsonNode json) {
    double[] values = new double[json.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = number(json.get(i));
    }
    return values;
  }

  static double number(JsonNode json) {
    return json.isTextual() ? Double.parseDouble(json.asText()) : json.asDouble();
  }

  NDArray array(NDManager manager, DataType type) {
    NDArray wide = manager.create(data, shape);
    return type == DataType.FLOAT64 ? wide : wide.toType(type, false);
  }

  double largest() {
    return Arrays.stream(data).map(Math::abs).max().orElse(0);
  }

  /** The largest absolute difference to another tensor; infinite if an element is NaN. */
  double distance(double[] other) {
    if (other.length != data.length) {
      return Double.POSITIVE_INFINITY;
    }
    double worst = 0;
    for (int i = 0; i < other.length; i++) {
      double d = data[i] == other[i] ? 0 : Math.abs(data[i] - other[i]);
      worst = Double.isNaN(d) ? Double.POSITIVE_INFINITY : Math.max(worst, d);
    }
    return worst;
  }
}
