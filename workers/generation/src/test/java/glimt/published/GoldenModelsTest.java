package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import glimt.bundle.TokenTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Tiny checkpoints of published families, whose every number was recorded from the field's own
 * implementations. Another folder of the same layout can be tried by {@code
 * -Dglimt.golden.models=DIR}.
 */
class GoldenModelsTest {

  @Test
  void published_checkpoints_give_the_numbers_of_their_own_implementations() {
    String root = System.getProperty("glimt.golden.models", "src/test/resources/golden-models");
    Map<String, List<String>> failed = new TreeMap<>();
    int all = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (GoldenCase golden : GoldenCase.below(Path.of(root))) {
        all++;
        List<String> failures = new ArrayList<>(NetworkChecks.failures(golden, manager));
        failures.addAll(ArithmeticChecks.failures(golden, manager));
        failures.addAll(EndToEnd.failures(golden, manager));
        if (Files.exists(golden.folder().resolve("tokens.json"))) {
          failures.addAll(TokenTable.failures(golden.folder().resolve("tokens.json")));
        }
        if (!failures.isEmpty()) {
          failed.put(golden.name(), failures);
        }
      }
    }
    failed.forEach(
        (name, failures) -> failures.forEach(line -> System.out.println(name + ": " + line)));
    System.out.printf(
        "golden-models: %s passed, 0 excluded, %s failed of %s%n",
        all - failed.size(), failed.size(), all);
    assertThat(failed).isEmpty();
  }
}
