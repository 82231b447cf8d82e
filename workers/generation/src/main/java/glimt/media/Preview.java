package glimt.media;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A small image of an intermediate estimate, made in a few milliseconds without starting a process.
 */
public sealed interface Preview {

  /** The largest size of a preview in bytes. */
  int MOST_BYTES = 64 * 1024;

  /** The content of the preview, in the format of {@link #mediaType}. */
  byte[] bytes();

  /** The media type of the content. */
  String mediaType();

  /**
   * Frames in a grid in one JPEG. Frame i is in column {@code i % columns} and row {@code i /
   * columns}.
   *
   * @param frames the number of frames in the grid
   * @param width the width of each frame in pixels
   * @param height the height of each frame in pixels
   */
  record Sheet(byte[] bytes, int frames, int columns, int rows, int width, int height)
      implements Preview {

    @Override
    public String mediaType() {
      return "image/jpeg";
    }
  }

  /**
   * At most 2,048 points in a little-endian format: the scale as a float32; then x, y, z of every
   * point as int16, to be multiplied by the scale; then red, green, blue of every point as bytes. A
   * cloud of n points takes 4 + 9 n bytes, which JavaScript can read in place with typed arrays.
   */
  record Points(byte[] bytes) implements Preview {

    static final int MOST = 2048;

    @Override
    public String mediaType() {
      return "application/vnd.glimt.points";
    }

    static Points of(PointCloud cloud) {
      PointCloud few = cloud.thinned(MOST);
      float reach = Float.MIN_NORMAL;
      for (float coordinate : few.xyz()) {
        reach = Math.max(reach, Math.abs(coordinate));
      }
      var out = ByteBuffer.allocate(4 + 9 * few.size()).order(ByteOrder.LITTLE_ENDIAN);
      out.putFloat(reach / Short.MAX_VALUE);
      for (float coordinate : few.xyz()) {
        out.putShort((short) Math.round((double) coordinate / reach * Short.MAX_VALUE));
      }
      out.put(few.rgb());
      return new Points(out.array());
    }
  }

  /** A preview of a point cloud, thinned to 2,048 points. */
  static Points of(PointCloud cloud) {
    return Points.of(cloud);
  }

  /** A preview of all frames, or of up to 64 evenly spaced frames of a longer video. */
  static Sheet of(Frames frames) {
    return SpriteSheet.of(frames);
  }
}
