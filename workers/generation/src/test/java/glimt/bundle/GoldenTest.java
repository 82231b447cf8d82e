package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import glimt.model.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks that the networks of the shipped bundles compute the golden outputs of the training
 * machine.
 */
class GoldenTest {
  static List<Path> bundles() throws Exception {
    try (Stream<Path> folders = Files.list(Path.of("../models"))) {
      return folders.filter(folder -> Files.exists(folder.resolve(Bundle.CARD))).toList();
    }
  }

  @ParameterizedTest
  @MethodSource("bundles")
  void every_network_answers_as_it_did_when_it_was_trained(Path folder) {
    Bundle bundle = Bundle.open(folder);
    Safetensors golden = bundle.tensors("golden.safetensors");
    for (Level level : bundle.card().levels()) {
      float[] expected = golden.get(level.name()).floats();
      double size = size(expected);

      float[] exact = Golden.answer(bundle, level, Precision.FLOAT32);
      float[] rough = Golden.answer(bundle, level, Precision.BFLOAT16);

      // Other processors sum in a different order; bfloat16 has a mantissa of 8 bits.
      for (int i = 0; i < expected.length; i++) {
        assertThat(exact[i])
            .as("%s %s", level.name(), i)
            .isCloseTo(expected[i], within((float) (1e-3 * size)));
      }
      assertThat(distance(rough, expected)).as(level.name()).isLessThan(0.05 * size);
    }
  }

  /** Root mean square. */
  private static double size(float[] values) {
    return distance(values, new float[values.length]);
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.pow(a[i] - b[i], 2);
    }
    return Math.sqrt(sum / a.length);
  }
}
