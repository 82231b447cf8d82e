package glimt.worker;

import ai.djl.ndarray.NDManager;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.pipeline.LatentColours;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.LatentDecoder.SeenBelow;
import glimt.pipeline.Modality.Seen;
import glimt.pipeline.Mosaic;
import java.nio.FloatBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What people see of a segment while it is sampled. A latent is decoded for that; where this takes
 * long, it is decoded now and then, and in between its colours are those that fit the last one
 * decoded.
 */
final class SeenLatent {
  /** A decoder that is faster than this shows everything. */
  static final Duration SLOW = Duration.ofMillis(500);

  /** Decoding takes at most a twentieth of the time. */
  private static final int RARER = 19;

  private final LoadedBundle bundle;
  private final Level level;
  private final @Nullable SeenBelow below;
  private final long[] shape;
  private final NDManager manager;
  private final long slow;
  private long decodedAt;
  private long took;
  private @Nullable LatentColours colours;

  /**
   * Prepares to show one segment.
   *
   * @param below the visible result of the level below, if the decoder reads it
   * @param shape of the segment, without a batch axis
   * @param slow how long a decoder takes that shows a part only, such as {@link #SLOW}
   */
  SeenLatent(
      LoadedBundle bundle,
      Level level,
      @Nullable SeenBelow below,
      long[] shape,
      NDManager manager,
      Duration slow) {
    this.bundle = bundle;
    this.level = level;
    this.below = below;
    this.shape = shape.clone();
    this.manager = manager;
    this.slow = slow.toNanos();
  }

  /** Returns the visible result of an estimate, decoded if it is a latent. */
  Seen of(float[] values) {
    Codec codec = level.codec();
    if (codec == null) {
      return seen(values, shape);
    }
    LatentColours known = colours;
    if (known != null && System.nanoTime() - decodedAt < RARER * took) {
      return seen(known.of(values, shape), known.shape(shape));
    }
    long began = System.nanoTime();
    float[] decoded =
        new LatentDecoder(codec, bundle.network(codec), below)
            .decoded(manager, values, shape, Mosaic.of(level).valuesPerChannel(shape));
    decodedAt = System.nanoTime();
    took = decodedAt - began;
    long[] decodedShape = Mosaic.of(level).decodedShape(codec, shape);
    boolean pictures = shape.length > 2; // and not points
    colours =
        pictures && took > slow ? LatentColours.fitted(values, shape, decoded, decodedShape) : null;
    return seen(decoded, decodedShape);
  }

  private Seen seen(float[] values, long[] extents) {
    return new Seen(bundle.card(), level, FloatBuffer.wrap(values), extents, 1);
  }
}
