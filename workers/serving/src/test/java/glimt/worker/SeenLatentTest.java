package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.bundle.NetworkCache;
import glimt.bundle.Precision;
import glimt.model.Level;
import glimt.pipeline.Modality.Seen;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Previews of a latent show its colours while decoding it again would take too long. */
class SeenLatentTest {
  private static final long[] LATENT = {4, 6, 6};

  @TempDir private Path folder;

  @Test
  void a_fast_decoder_shows_everything() throws Exception {
    assertThat(shapes(SeenLatent.SLOW)).isDeepEqualTo(new long[][] {{3, 48, 48}, {3, 48, 48}});
  }

  @Test
  void after_a_slow_one_the_colours_are_shown() throws Exception {
    assertThat(shapes(Duration.ZERO)).isDeepEqualTo(new long[][] {{3, 48, 48}, {3, 6, 6}});
  }

  /** The shapes of two previews of one latent, the second of which follows at once. */
  private long[][] shapes(Duration slow) throws Exception {
    Path place = LatentBundle.write(folder.resolve("latents"));
    try (NetworkCache networks = new NetworkCache(Device.cpu(), Precision.FLOAT32, Long.MAX_VALUE);
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      LoadedBundle bundle = new LoadedBundle(place, networks);
      Level level = bundle.card().levels().getFirst();
      SeenLatent seen = new SeenLatent(bundle, level, null, LATENT, manager, slow);
      Random random = new Random(1);
      float[] latent = new float[4 * 6 * 6];
      for (int i = 0; i < latent.length; i++) {
        latent[i] = 0.1f * (float) random.nextGaussian();
      }
      Seen first = seen.of(latent);
      Seen second = seen.of(latent);
      assertThat(second.values().get(0)).isBetween(-1f, 1f);
      return new long[][] {first.shape(), second.shape()};
    }
  }
}
