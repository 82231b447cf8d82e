package glimt.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Safetensors.Tensor;
import glimt.pipeline.LatentTones;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The recorded arithmetic between networks: adaptive instance normalisation and tone mapping. */
final class ArithmeticChecks {
  private static final Pattern RESULT =
      Pattern.compile("out\\.(adain\\.factor|tone_map)[_.](\\d+)(?:_(\\d+))?");

  private ArithmeticChecks() {}

  /** Compares every record of a case; returns a line for each that differs. */
  static List<String> failures(GoldenCase golden, NDManager manager) {
    List<String> failures = new ArrayList<>();
    double tolerance = golden.facts().path("arithmetic_checks").path("tolerance_abs").asDouble();
    for (String name : golden.expected().tensors().keySet()) {
      Matcher result = RESULT.matcher(name);
      if (!result.matches()) {
        continue;
      }
      float by =
          Float.parseFloat(
              result.group(2) + "." + (result.group(3) == null ? "0" : result.group(3)));
      try (NDManager scope = manager.newSubManager()) {
        NDArray latent = clip(golden, "in.adain.latents", scope);
        NDArray ours =
            result.group(1).equals("tone_map")
                ? LatentTones.compressed(latent, by)
                : LatentTones.adapted(latent, clip(golden, "in.adain.reference", scope), by);
        double worst =
            NetworkChecks.worst(ours.transpose(0, 2, 1, 3, 4), golden.expected().get(name));
        if (!(worst <= tolerance)) {
          failures.add("%s: off by %s, allowed %s".formatted(name, worst, tolerance));
        }
      }
    }
    return failures;
  }

  private static NDArray clip(GoldenCase golden, String name, NDManager scope) {
    Tensor tensor = golden.expected().get(name);
    return scope.create(tensor.floats(), new Shape(tensor.dimensions())).transpose(0, 2, 1, 3, 4);
  }
}
