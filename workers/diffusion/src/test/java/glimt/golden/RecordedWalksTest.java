package glimt.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Regression tests for settings that were once wrong or unsupported: walks recorded from the same
 * reference implementations and in the same format as the golden vectors.
 */
class RecordedWalksTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static JsonNode read(String name) throws IOException {
    try (InputStream file =
        Objects.requireNonNull(
            RecordedWalksTest.class.getResourceAsStream("/golden-more/" + name), name)) {
      return MAPPER.readTree(file);
    }
  }

  static Stream<JsonNode> walks() throws IOException {
    return StreamSupport.stream(read("index.json").get("cases").spliterator(), false);
  }

  @ParameterizedTest
  @MethodSource("walks")
  void a_recorded_walk_is_walked_again(JsonNode entry) throws IOException {
    GoldenVectorsTest.Ending ending =
        GoldenVectorsTest.judge(entry, read(entry.get("file").asText()));
    assertThat(ending.verdict()).as("%s: %s", ending.id(), ending.why()).isEqualTo(Verdict.PASSED);
  }
}
