package glimt.safety.filter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.media.Picture;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Sorts pictures into the five classes of nsfwjs. One thread may use it.
 *
 * @param manager owns the tensors; on the device of the network
 */
public record PictureClasses(Network network, NDManager manager) implements AutoCloseable {
  /** The side of the pictures that the network sees. */
  private static final int SIDE = 224;

  private static final int CLASSES = 5;

  /**
   * Loads the network onto the manager's device.
   *
   * @throws BundleException if libtorch rejects it
   */
  public static PictureClasses on(NDManager manager) {
    NetworkSource source =
        NetworkSource.parse(
            "pictures.py", new String(bytes("pictures.py"), StandardCharsets.UTF_8));
    Safetensors weights = Safetensors.parse("pictures.safetensors", bytes("pictures.safetensors"));
    return new PictureClasses(
        Network.load("pictures", source, weights, Precision.FLOAT32, manager.getDevice()), manager);
  }

  private static byte[] bytes(String name) {
    try (InputStream in = PictureClasses.class.getResourceAsStream(name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    } catch (IOException e) {
      throw new BundleException("the resource %s cannot be read".formatted(name), e);
    }
  }

  /** Returns the classes of each picture. */
  public List<SeenClass> of(List<Picture> pictures) {
    float[] planes = new float[pictures.size() * 3 * SIDE * SIDE];
    for (int i = 0; i < pictures.size(); i++) {
      fill(planes, i * 3 * SIDE * SIDE, pictures.get(i));
    }
    List<SeenClass> classes = new ArrayList<>();
    try (NDManager scope = manager.newSubManager()) {
      NDArray x = scope.create(planes, new Shape(pictures.size(), 3, SIDE, SIDE));
      float[] all = network.call(Map.of(Network.X, x)).singletonOrThrow().toFloatArray();
      for (int i = 0; i < pictures.size(); i++) {
        classes.add(SeenClass.of(Arrays.copyOfRange(all, CLASSES * i, CLASSES * (i + 1))));
      }
    }
    return classes;
  }

  /**
   * Scales a picture as nsfwjs does: TensorFlow's {@code resizeBilinear} with aligned corners.
   *
   * @param planes receives red, green and blue in [0, 1] from index {@code at} on
   */
  private static void fill(float[] planes, int at, Picture picture) {
    double down = (picture.height() - 1) / (SIDE - 1.0);
    double right = (picture.width() - 1) / (SIDE - 1.0);
    for (int y = 0; y < SIDE; y++) {
      int top = (int) (y * down);
      int bottom = Math.min(top + 1, picture.height() - 1);
      float low = (float) (y * down - top);
      for (int x = 0; x < SIDE; x++) {
        int near = (int) (x * right);
        int far = Math.min(near + 1, picture.width() - 1);
        float over = (float) (x * right - near);
        for (int channel = 0; channel < 3; channel++) {
          float above =
              mix(value(picture, near, top, channel), value(picture, far, top, channel), over);
          float below =
              mix(
                  value(picture, near, bottom, channel),
                  value(picture, far, bottom, channel),
                  over);
          planes[at + (channel * SIDE + y) * SIDE + x] = mix(above, below, low) / 255;
        }
      }
    }
  }

  private static float mix(float from, float to, float share) {
    return from + (to - from) * share;
  }

  private static float value(Picture picture, int x, int y, int channel) {
    return picture.rgb()[3 * (y * picture.width() + x) + channel] & 255;
  }

  @Override
  public void close() {
    network.close();
  }
}
