package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.model.FirstFrame.HeldFrame;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The latent of a picture that a clip keeps as its first frame (HaCohen et al. 2024,
 * arXiv:2501.00103, section 3.4).
 *
 * @param latent of the picture, [channels, height, width] row-major
 * @param how it is kept
 * @param noise gives the standard normals for it at a step, of the latent's shape; a step is the
 *     timestep in thousandths
 */
public record KeptFrame(float[] latent, HeldFrame how, StepNoise noise) {
  /** Gives the standard normals of a step. */
  @FunctionalInterface
  public interface StepNoise {
    /** Returns as many as the latent has values. */
    float[] drawn(int step);
  }

  /** By how much timesteps are finer than steps of noise. */
  private static final double STEPS_IN_TIMESTEP = 1000;

  /** The timestep of noise alone. */
  private static final double LENGTH = 1000;

  /**
   * A network that is given clips whose first frame is the picture's, without noise by its
   * timestep.
   *
   * @param network takes a timestep for each token
   */
  Network under(Network network) {
    return new Network() {
      @Override
      public List<String> ports() {
        return network.ports();
      }

      @Override
      public NDList call(Map<String, NDArray> inputs) {
        Map<String, NDArray> given = new LinkedHashMap<>(inputs);
        NDArray x = inputs.get(X);
        NDArray times = inputs.get(NOISE);
        if (x == null || times == null) {
          return network.call(inputs);
        }
        float time = times.flatten().getFloat(0);
        given.put(X, begun(x, noised(time)));
        given.put(NOISE, tokenTimes(x, time));
        return network.call(given);
      }

      @Override
      public void close() {
        network.close();
      }
    };
  }

  /** Clips [B, frames, channels, height, width] that begin with the picture. */
  NDArray begun(NDArray clips) {
    return begun(clips, latent);
  }

  /** The sample of a whole clip, row-major, which then begins with the picture. */
  void begin(float[] sample) {
    System.arraycopy(latent, 0, sample, 0, latent.length);
  }

  private static NDArray begun(NDArray clips, float[] frame) {
    Shape shape = clips.getShape();
    NDManager scope = clips.getManager();
    Shape one = new Shape(1, 1, shape.get(2), shape.get(3), shape.get(4));
    NDArray first = scope.create(frame, one).repeat(0, shape.get(0));
    return shape.get(1) == 1 ? first : first.concat(clips.get(":, 1:"), 1);
  }

  private float[] noised(float time) {
    double share = time / LENGTH;
    float deviation = (float) (how.noise() * share * share);
    if (deviation == 0) {
      return latent;
    }
    float[] normals = noise.drawn((int) Math.round(time * STEPS_IN_TIMESTEP));
    float[] frame = latent.clone();
    for (int i = 0; i < frame.length; i++) {
      frame[i] += deviation * normals[i];
    }
    return frame;
  }

  /** Of each token, [B, tokens]; 0 for those of the first frame. */
  private NDArray tokenTimes(NDArray x, float time) {
    Shape shape = x.getShape();
    long frame = shape.get(3) / how.patch().get(1) * (shape.get(4) / how.patch().get(2));
    NDManager scope = x.getManager();
    NDArray given = scope.zeros(new Shape(shape.get(0), frame), DataType.FLOAT32);
    NDArray others =
        scope.full(new Shape(shape.get(0), frame * (shape.get(1) - 1)), time, DataType.FLOAT32);
    return shape.get(1) == 1 ? given : given.concat(others, 1);
  }
}
