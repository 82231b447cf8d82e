package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LatentTilesTest {
  private static final Path PUBLISHED =
      Path.of("src/test/resources/golden-models/stable-diffusion/sd1-pndm");

  @TempDir private Path models;

  @Test
  void a_picture_is_decoded_whole_up_to_1024_pixels_a_side() {
    Level level = level();

    assertThat(level.decodings()).hasSize(1);
    assertThat(level.seenAt(List.of(1024, 1024)).decodings())
        .containsExactly(new Segment(List.of(new Span(0, 128), new Span(0, 128))));
  }

  @Test
  void a_larger_one_is_decoded_in_tiles_that_overlap() {
    Level large = level().seenAt(List.of(512, 2048));

    assertThat(large.decodings())
        .containsExactly(
            new Segment(List.of(new Span(0, 64), new Span(0, 128))),
            new Segment(List.of(new Span(0, 64), new Span(96, 224))),
            new Segment(List.of(new Span(0, 64), new Span(128, 256))));
    assertThat(large.seenSegments().getLast().spans())
        .containsExactly(new Span(0, 512), new Span(1024, 2048));
    assertThat(large.seen()).containsExactly(512, 2048);
  }

  private Level level() {
    try (BundleImport imported = BundleImport.of(PUBLISHED, models, ImportOptions.asPublished())) {
      return Bundle.card(imported.folder()).levels().getFirst();
    }
  }
}
