package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.diffusion.Noise;
import glimt.media.Resize;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.Refinement.Upsampler;
import glimt.model.Segment;
import glimt.model.Span;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Makes what the walk of a segment begins with: of the pixels of a smaller result or of a given
 * picture, or of the latents of the level below.
 *
 * @param level at its size; of a picture or a clip
 * @param index of the level in its cascade
 * @param segment of the level that is walked
 * @param modality locates the noise by which a latent is drawn
 * @param seed of that noise
 * @param networks gives a network of the bundle by its stem
 */
public record Drafting(
    Level level,
    int index,
    Segment segment,
    Modality modality,
    long seed,
    Function<String, Network> networks) {

  /**
   * A draft of pixels, which are resized and, for a latent level, encoded. A causal codec takes the
   * first frame of a window as its clip's.
   *
   * @param pixels a whole result, row-major, in [-1, 1]
   * @param shape of it, [channels, height, width] or [frames, channels, height, width]
   * @throws IllegalArgumentException if it has fewer frames than the segment needs
   */
  public Draft ofPixels(NDManager manager, FloatBuffer pixels, long[] shape, double strength) {
    Codec codec = level.codec();
    List<Span> spans = new ArrayList<>();
    for (int axis = 0; axis < level.axes().size(); axis++) {
      Span span = segment.spans().get(axis);
      spans.add(codec == null ? span : codec.decoded(axis, span));
    }
    float[] seen = resized(pixels, shape, spans);
    if (codec == null) {
      return new Draft(seen, strength);
    }
    return new Draft(encoded(manager, seen, segment), strength);
  }

  /**
   * The latent of a part of the level's sample.
   *
   * @param seen what people see of it, row-major, in [-1, 1]
   */
  float[] encoded(NDManager manager, float[] seen, Segment part) {
    Codec codec = Objects.requireNonNull(level.codec());
    Codec.LatentEncoding encoding = Objects.requireNonNull(codec.encoding());
    Mosaic latent = Mosaic.of(level);
    long[] shape = latent.shape(part);
    return new LatentEncoder(codec, networks.apply(encoding.network()))
        .encoded(
            manager,
            seen,
            latent.decodedShape(codec, shape),
            latent.valuesPerChannel(shape),
            () ->
                new Noise(seed)
                    .normals(index, Noise.Purpose.ENCODE, 0, 0, modality.region(level, part)));
  }

  /** The part of the resized result that the spans cover. */
  private float[] resized(FloatBuffer pixels, long[] shape, List<Span> spans) {
    List<Integer> whole = level.seen();
    int sides = whole.size() - 2;
    int channels = (int) shape[shape.length - 3];
    int height = (int) shape[shape.length - 2];
    int width = (int) shape[shape.length - 1];
    int toHeight = whole.get(sides);
    int toWidth = whole.get(sides + 1);
    Span frames = sides == 0 ? new Span(0, 1) : spans.getFirst();
    if (sides > 0 && shape[0] < frames.end()) {
      throw new IllegalArgumentException(
          "level %s needs %s frames to begin with, not %s"
              .formatted(level.name(), frames.end(), shape[0]));
    }
    Span rows = spans.get(sides);
    Span columns = spans.get(sides + 1);
    float[] out = new float[frames.length() * channels * rows.length() * columns.length()];
    float[] frame = new float[channels * height * width];
    int at = 0;
    for (int f = frames.start(); f < frames.end(); f++) {
      pixels.get(f * frame.length, frame);
      float[] large = Resize.of(frame, height, width, toHeight, toWidth);
      for (int c = 0; c < channels; c++) {
        for (int y = rows.start(); y < rows.end(); y++) {
          System.arraycopy(
              large, (c * toHeight + y) * toWidth + columns.start(), out, at, columns.length());
          at += columns.length();
        }
      }
    }
    return out;
  }

  /**
   * A draft of the latents of the level below, which a network enlarges.
   *
   * @param latents the whole sample of the level below, row-major
   * @param below that level at its size
   */
  public Draft ofLatents(NDManager manager, float[] latents, Level below, double strength) {
    Upsampler upsampler =
        Objects.requireNonNull(Objects.requireNonNull(level.refinement()).upsampler());
    Mosaic small = Mosaic.of(below);
    Mosaic large = Mosaic.of(level);
    try (NDManager scope = manager.newSubManager()) {
      Shape shape = new Shape(1).addAll(new Shape(small.shape(small.whole())));
      NDArray enlarged =
          enlarged(
              scope.create(latents, shape),
              upsampler,
              Objects.requireNonNull(below.codec()),
              networks.apply(upsampler.network()));
      long[] expected = large.shape(large.whole());
      if (!Arrays.equals(enlarged.getShape().slice(1).getShape(), expected)) {
        throw new IllegalArgumentException(
            "the upsampler makes %s of %s, not the %s of level %s"
                .formatted(enlarged.getShape(), shape, Arrays.toString(expected), level.name()));
      }
      return new Draft(large.cut(segment, enlarged.toFloatArray()), strength);
    }
  }

  /**
   * Enlarges a clip's latents as they are before they are normalised, with the tones of the small
   * ones.
   *
   * @param latents [1, frames, channels, height, width], normalised
   */
  public static NDArray enlarged(
      NDArray latents, Upsampler upsampler, Codec codec, Network network) {
    NDManager scope = latents.getManager();
    NDArray scale = each(scope, codec.scale());
    NDArray shift = each(scope, codec.shift());
    NDArray plain = latents.div(scale).add(shift);
    NDArray enlarged = network.call(Map.of(LatentDecoder.INPUT, plain)).singletonOrThrow();
    if (upsampler.adaptation() > 0) {
      enlarged = LatentTones.adapted(enlarged, plain, (float) upsampler.adaptation());
    }
    if (upsampler.compression() > 0) {
      enlarged = LatentTones.compressed(enlarged, (float) upsampler.compression());
    }
    return enlarged.sub(shift).mul(scale);
  }

  private static NDArray each(NDManager scope, List<Double> channels) {
    float[] values = new float[channels.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = channels.get(i).floatValue();
    }
    return scope.create(values, new Shape(1, 1, values.length, 1, 1));
  }
}
