package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import glimt.media.Picture;
import glimt.media.Resize;
import glimt.model.Codec;
import glimt.model.FirstFrame;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What is made of the picture that a clip begins with: the picture is cut to the clip's ratio of
 * sides and resized as the field's pipelines do.
 *
 * @param at the level's sample, which is in one piece
 * @param picture as the job gives it
 */
public record Opening(Drafting at, Picture picture) {
  /** The port of a network that reads pictures. */
  public static final String INPUT = "image";

  /** Its answer that feeds ports: the states that leave its last layer but one. */
  public static final String STATES = "hidden_states_minus_2";

  public Opening {
    if (at.level().segments().size() > 1) {
      throw new IllegalArgumentException(
          "level %s is made in pieces, so it cannot begin with a picture"
              .formatted(at.level().name()));
    }
  }

  /** The picture's latent as a frame that the clip keeps. */
  public KeptFrame kept(NDManager manager) {
    Level level = at.level();
    FirstFrame.HeldFrame how =
        Objects.requireNonNull(Objects.requireNonNull(level.firstFrame()).kept());
    Segment frame = firstFrame();
    Region region = at.modality().region(level, frame);
    Noise noise = new Noise(at.seed());
    return new KeptFrame(
        at.encoded(manager, pixels(), frame),
        how,
        step -> noise.normals(at.index(), Noise.Purpose.CONDITION, step, 0, region));
  }

  /**
   * A mask of what is given, above the latent of a clip that is the picture and then grey.
   *
   * @return float32 [1, frames, factor + channels, height, width]
   */
  public NDArray latents(NDManager manager) {
    Level level = at.level();
    Codec codec = Objects.requireNonNull(level.codec());
    Segment whole = at.segment();
    Mosaic mosaic = Mosaic.of(level);
    long[] shape = mosaic.shape(whole);
    float[] first = pixels();
    int frames = codec.decoded(0, Math.toIntExact(shape[0]));
    float[] clip = Arrays.copyOf(first, first.length * frames); // grey is 0
    float[] latent = at.encoded(manager, clip, whole);
    int factor = codec.factors().getFirst();
    int plane = Math.toIntExact(shape[2] * shape[3]);
    int channels = Math.toIntExact(shape[1]);
    float[] all = new float[Math.toIntExact(shape[0]) * (factor + channels) * plane];
    Arrays.fill(all, 0, factor * plane, 1);
    for (int frame = 0; frame < shape[0]; frame++) {
      System.arraycopy(
          latent,
          frame * channels * plane,
          all,
          (frame * (factor + channels) + factor) * plane,
          channels * plane);
    }
    return manager.create(all, new Shape(1, shape[0], factor + channels, shape[2], shape[3]));
  }

  /**
   * The states of the picture, of the network that reads pictures: of the middle square, after the
   * picture was so resized that its shorter side is what that network sees.
   *
   * @return float32 [1, positions, channels]
   */
  public NDArray states(NDManager manager) {
    FirstFrame.Vision vision =
        Objects.requireNonNull(Objects.requireNonNull(at.level().firstFrame()).vision());
    int side = vision.side();
    int shorter = Math.min(picture.width(), picture.height());
    int width = (int) ((long) side * picture.width() / shorter);
    int height = (int) ((long) side * picture.height() / shorter);
    float[] planes = Resize.of(picture.planes(), picture.height(), picture.width(), height, width);
    int top = (height - side) / 2;
    int left = (width - side) / 2;
    int plane = side * side;
    float[] values = new float[3 * plane];
    for (int i = 0; i < values.length; i++) {
      int colour = i / plane;
      int row = top + i % plane / side;
      float value = planes[(colour * height + row) * width + left + i % side];
      double shown = Math.round((value + 1) * 127.5f) / 255.0; // as its bytes show it
      values[i] = (float) ((shown - vision.means().get(colour)) / vision.deviations().get(colour));
    }
    NDList answers =
        at.networks()
            .apply(vision.network())
            .call(Map.of(INPUT, manager.create(values, new Shape(1, 3, side, side))));
    return answers.stream()
        .filter(answer -> STATES.equals(answer.getName()))
        .findFirst()
        .orElseThrow(() -> new BundleException(vision.network() + " answers no " + STATES));
  }

  /** One frame of the clip, row-major. */
  private float[] pixels() {
    List<Integer> seen = at.level().seen();
    int height = seen.get(1);
    int width = seen.get(2);
    Picture cut = picture.cut(width, height);
    return Resize.of(cut.planes(), cut.height(), cut.width(), height, width);
  }

  private Segment firstFrame() {
    Segment whole = at.segment();
    return new Segment(List.of(new Span(0, 1), whole.spans().get(1), whole.spans().get(2)));
  }
}
