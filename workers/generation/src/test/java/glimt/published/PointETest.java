package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.BundleCard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PointETest {
  private static final Path PUBLISHED = Path.of("src/test/resources/golden-models/point-e/textvec");

  @Test
  void a_model_without_conditions_needs_no_clip_and_safetensors_stay_where_they_are(
      @TempDir Path folder) throws IOException {
    Map<String, Tensor> tensors =
        new LinkedHashMap<>(
            PublishedWeights.file(PUBLISHED.resolve("base_40m_textvec.pt")).map().tensors());
    tensors.keySet().removeIf(name -> name.startsWith("clip_embed"));
    Path published = Files.createDirectories(folder.resolve("point-e"));
    new Safetensors(tensors).write(published.resolve("base_40m_uncond.safetensors"));
    Files.copy(PUBLISHED.resolve("upsample_40m.pt"), published.resolve("upsample_40m.pt"));
    Path place;
    try (BundleImport bundle =
        BundleImport.of(published, folder.resolve("models"), ImportOptions.asPublished())) {
      place = bundle.install();
    }
    BundleCard card = Bundle.card(place);
    assertThat(card.encoders()).isEmpty();
    assertThat(card.levels().getFirst().ports()).isEmpty();
    assertThat(card.readsPrompt()).isFalse();
    assertThat(card.levels().getFirst().extents()).as("as published").isEqualTo(List.of(1024));
    assertThat(card.levels().getLast().extents()).isEqualTo(List.of(4096));
    assertThat(card.reader().warnings("a chair"))
        .anyMatch(line -> line.contains("the prompt does not steer the result"));
    assertThat(
            Files.isSameFile(
                place.resolve("base.safetensors"),
                published.resolve("base_40m_uncond.safetensors")))
        .isTrue();
  }
}
