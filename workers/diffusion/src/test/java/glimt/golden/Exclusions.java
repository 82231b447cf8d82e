package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Cases that are excluded because the reference implementation deviates from the literature or is
 * compared only in part. The library does not imitate such deviations. Currently there are none.
 */
record Exclusions(String reason, Predicate<JsonNode> applies) {

  static Optional<String> reason(JsonNode json) {
    return ALL.stream().filter(e -> e.applies().test(json)).map(Exclusions::reason).findFirst();
  }

  private static final List<Exclusions> ALL = List.of();
}
