package glimt.golden;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;

/** The closed-form networks of the golden cases, evaluated in float64; README, section 3. */
final class AnalyticModel {
  private final JsonNode json;

  AnalyticModel(JsonNode json) {
    this.json = json;
  }

  /**
   * One network call.
   *
   * @param x the network's input
   * @param call the recorded data of the call: t, and a and s if the model is a mixture
   * @param recorded the recorded output, whose shape may have more channels than x
   */
  double[] answer(Tensor x, JsonNode call, Tensor recorded) {
    int rows = (int) x.shape().get(0);
    int width = x.data().length / rows;
    int outWidth = recorded.data().length / rows;
    double[] out = new double[rows * outWidth];
    for (int row = 0; row < rows; row++) {
      double[] input = new double[width];
      System.arraycopy(x.data(), row * width, input, 0, width);
      double t = at(call.get("t"), row);
      double[] answer =
          answer(part(call, row), input, t, at(call.get("a"), row), at(call.get("s"), row));
      System.arraycopy(answer, 0, out, row * outWidth, width);
      if (json.has("extra_channels")) {
        double[] extra = tanh(json.get("extra_channels"), input, t);
        System.arraycopy(extra, 0, out, row * outWidth + width, width);
      }
    }
    return out;
  }

  /** E[x0 | x] in x = x0 + sigma n, for a mixture whose elements are independent. */
  Tensor denoised(NDArray x, double sigma) {
    Tensor wide = Tensor.of(x);
    if (!json.get("kind").asText().equals("gmm_elementwise")) {
      throw Verdict.unknown("model.kind = " + json.get("kind"));
    }
    double[] x0 = new double[wide.data().length];
    for (int i = 0; i < x0.length; i++) {
      x0[i] = mixture(json, new double[] {wide.data()[i]}, 1, sigma)[0];
    }
    return new Tensor(wide.shape(), x0);
  }

  /** The sub-model for a row. */
  private JsonNode part(JsonNode call, int row) {
    if (!json.has("conditional")) {
      return json;
    }
    boolean conditional =
        call.has("cond") ? call.get("cond").asBoolean() : at(call.get("cond_flag"), row) == 1;
    return json.get(conditional ? "conditional" : "unconditional");
  }

  private double[] answer(JsonNode part, double[] x, double t, double a, double s) {
    return switch (part.get("kind").asText()) {
      case "tanh" -> tanh(part, x, t);
      case "gmm_elementwise" -> {
        double[] x0 = new double[x.length];
        for (int i = 0; i < x.length; i++) {
          x0[i] = mixture(part, new double[] {x[i]}, a, s)[0];
        }
        yield output(x, x0, a, s);
      }
      case "gmm_vector" -> output(x, mixture(part, x, a, s), a, s);
      default -> throw Verdict.unknown("model.kind = " + part.get("kind"));
    };
  }

  /** gain tanh(A x + b t time_scale + c). */
  private static double[] tanh(JsonNode part, double[] x, double t) {
    double[] matrix = Tensor.numbers(part.get("A"));
    double[] b = Tensor.numbers(part.get("b"));
    double[] c = Tensor.numbers(part.get("c"));
    double gain = part.get("gain").asDouble();
    double scaled = t * part.get("time_scale").asDouble();
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double sum = 0;
      for (int j = 0; j < x.length; j++) {
        sum += matrix[i * x.length + j] * x[j];
      }
      out[i] = gain * Math.tanh(sum + b[i] * scaled + c[i]);
    }
    return out;
  }

  /** E[x0 | x] for a mixture of isotropic Gaussians whose means are scalars or vectors. */
  private static double[] mixture(JsonNode part, double[] x, double a, double s) {
    double[] weights = Tensor.numbers(part.get("weights"));
    double[] variances = Tensor.numbers(part.get("variances"));
    double[] logs = new double[weights.length];
    double most = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < weights.length; k++) {
      double variance = a * a * variances[k] + s * s;
      double square = 0;
      for (int i = 0; i < x.length; i++) {
        double d = x[i] - a * mean(part, k, i);
        square += d * d;
      }
      logs[k] = Math.log(weights[k]) - 0.5 * (square / variance + x.length * Math.log(variance));
      most = Math.max(most, logs[k]);
    }
    double total = 0;
    for (int k = 0; k < logs.length; k++) {
      logs[k] = Math.exp(logs[k] - most);
      total += logs[k];
    }
    double[] x0 = new double[x.length];
    for (int k = 0; k < logs.length; k++) {
      double gain = a * variances[k] / (a * a * variances[k] + s * s);
      for (int i = 0; i < x.length; i++) {
        double m = mean(part, k, i);
        x0[i] += logs[k] / total * (m + gain * (x[i] - a * m));
      }
    }
    return x0;
  }

  private static double mean(JsonNode part, int k, int i) {
    JsonNode mean = part.get("means").get(k);
    return mean.isArray() ? mean.get(i).asDouble() : mean.asDouble();
  }

  private double[] output(double[] x, double[] x0, double a, double s) {
    String kind = json.get("output").asText();
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double eps = (x[i] - a * x0[i]) / s;
      out[i] =
          switch (kind) {
            case "epsilon" -> eps;
            case "sample", "x_start" -> x0[i];
            case "v_prediction", "v" -> a * eps - s * x0[i];
            case "flow" -> eps - x0[i];
            case "score" -> -eps / s;
            case "edm_F" -> edm(x[i] / a, x0[i], s / a);
            default -> throw Verdict.unknown("model.output = " + kind);
          };
    }
    return out;
  }

  private double edm(double x, double x0, double sigma) {
    double data = json.get("sigma_data").asDouble();
    boolean boundary = json.path("boundary").asBoolean();
    double min = boundary ? json.get("sigma_min").asDouble() : 0;
    double skip = data * data / ((sigma - min) * (sigma - min) + data * data);
    double out = (sigma - min) * data / Math.sqrt(sigma * sigma + data * data);
    return (x0 - skip * x) / (out * json.path("sign_of_c_out").asDouble(1));
  }

  private static double at(JsonNode scalarOrList, int row) {
    if (scalarOrList == null) {
      return Double.NaN;
    }
    return Tensor.number(scalarOrList.isArray() ? scalarOrList.get(row) : scalarOrList);
  }
}
