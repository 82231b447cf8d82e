package glimt.golden;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Compares the library with numbers that were recorded from reference implementations. {@code
 * -Dglimt.golden=DIR} selects another folder of the same format.
 */
class GoldenVectorsTest {

  record Ending(String id, String family, Verdict verdict, String why) {}

  @Test
  void the_library_agrees_with_the_reference_implementations() throws Exception {
    String elsewhere = System.getProperty("glimt.golden");
    List<Ending> endings = new ArrayList<>();
    Path folder = elsewhere == null ? bundled() : Path.of(elsewhere);
    ObjectMapper mapper = new ObjectMapper();
    for (JsonNode entry : mapper.readTree(folder.resolve("index.json").toFile()).get("cases")) {
      JsonNode json = mapper.readTree(folder.resolve(entry.get("file").asText()).toFile());
      endings.add(judge(entry, json));
    }
    report(endings);
    assertThat(endings).filteredOn(e -> e.verdict() == Verdict.FAILED).isEmpty();
    if (elsewhere == null) {
      assertThat(endings).filteredOn(e -> e.verdict() == Verdict.UNKNOWN).isEmpty();
      assertThat(count(endings, Verdict.PASSED)).isEqualTo(endings.size());
      families(endings)
          .forEach(
              (family, counts) -> assertThat(counts.get(Verdict.PASSED)).as(family).isNotNull());
    }
  }

  private static Path bundled() throws URISyntaxException {
    return Path.of(
            Objects.requireNonNull(GoldenVectorsTest.class.getResource("/golden/index.json"))
                .toURI())
        .getParent();
  }

  static Ending judge(JsonNode entry, JsonNode json) {
    String id = json.get("id").asText();
    String family = entry.get("category").asText() + " " + entry.get("library").asText();
    Optional<String> reason = Exclusions.reason(json);
    if (reason.isPresent()) {
      return new Ending(id, family, Verdict.EXCLUDED, reason.get());
    }
    try {
      run(json, DataType.FLOAT64);
      if (!json.get("tolerance").get("float32_abs").isNull()) {
        run(json, DataType.FLOAT32);
      }
      return new Ending(id, family, Verdict.PASSED, "");
    } catch (Verdict.Unlike unlike) {
      return new Ending(id, family, unlike.verdict(), unlike.getMessage());
    } catch (RuntimeException broken) {
      return new Ending(id, family, Verdict.FAILED, broken + " at " + broken.getStackTrace()[0]);
    }
  }

  private static void run(JsonNode json, DataType type) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Replay replay = new Replay(json, manager, type);
      Adapters.of(json).run(new Settings("config", json.get("config")), json, replay);
      if (!replay.compared()) {
        throw Verdict.failed("nothing was compared");
      }
    }
  }

  private static long count(List<Ending> endings, Verdict verdict) {
    return endings.stream().filter(e -> e.verdict() == verdict).count();
  }

  private static Map<String, Map<Verdict, Integer>> families(List<Ending> endings) {
    Map<String, Map<Verdict, Integer>> families = new TreeMap<>();
    for (Ending e : endings) {
      families
          .computeIfAbsent(e.family(), _ -> new EnumMap<>(Verdict.class))
          .merge(e.verdict(), 1, Integer::sum);
    }
    return families;
  }

  private static void report(List<Ending> endings) throws IOException {
    StringBuilder out = new StringBuilder();
    for (Ending e : endings) {
      if (e.verdict() != Verdict.PASSED) {
        out.append("%-8s %s: %s%n".formatted(e.verdict(), e.id(), e.why()));
      }
    }
    out.append(
        "%n%-48s %6s %8s %6s %7s%n".formatted("family", "passed", "excluded", "failed", "unknown"));
    families(endings)
        .forEach(
            (family, counts) ->
                out.append(
                    String.format(
                        Locale.ROOT,
                        "%-48s %6d %8d %6d %7d%n",
                        family,
                        counts.getOrDefault(Verdict.PASSED, 0),
                        counts.getOrDefault(Verdict.EXCLUDED, 0),
                        counts.getOrDefault(Verdict.FAILED, 0),
                        counts.getOrDefault(Verdict.UNKNOWN, 0))));
    long unknown = count(endings, Verdict.UNKNOWN);
    out.append(
        "golden: %s passed, %s excluded, %s failed of %s%s%n"
            .formatted(
                count(endings, Verdict.PASSED),
                count(endings, Verdict.EXCLUDED),
                count(endings, Verdict.FAILED),
                endings.size(),
                unknown == 0 ? "" : ", %s unknown".formatted(unknown)));
    Files.writeString(Path.of("target", "golden.txt"), out);
    System.out.print(out);
  }
}
