package glimt.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import glimt.bundle.Bundle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checks that measuring a bundle again changes only the figures in its card, because the digest of
 * the card identifies the bundle.
 */
class CardOrderTest {
  @TempDir private Path folder;

  @Test
  void a_card_is_written_with_its_maps_in_one_order() throws Exception {
    Bundle.write(folder, Bundle.card(Path.of("../models/tiles")));
    JsonNode card = new JsonMapper().readTree(folder.resolve(Bundle.CARD).toFile());

    JsonNode words = card.path("reader");
    for (JsonNode map : List.of(card.path("files"), card.path("notes"), words.path("synonyms"))) {
      List<String> keys = new ArrayList<>();
      map.fieldNames().forEachRemaining(keys::add);
      assertThat(keys).hasSizeGreaterThan(2).isSorted();
    }
    List<String> ignored = new ArrayList<>();
    words.path("ignored").forEach(word -> ignored.add(word.asText()));
    assertThat(ignored).hasSizeGreaterThan(2).isSorted();
  }
}
