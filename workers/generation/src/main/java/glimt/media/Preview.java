package glimt.media;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A small disposable picture of an estimate, made in a few milliseconds without starting a process.
 */
public sealed interface Preview {

  /** No preview is larger, whatever it shows. */
  int MOST_BYTES = 64 * 1024;

  byte[] bytes();

  String mediaType();

  /**
   * Frames side by side in one JPEG: frame i is in column {@code i % columns} and row {@code i /
   * columns}, at {@code width * height} pixels.
   */
  record Sheet(byte[] bytes, int frames, int columns, int rows, int width, int height)
      implements Preview {

    @Override
    public String mediaType() {
      return "image/jpeg";
    }
  }

  /**
   * At most 2,048 points, little-endian: the scale as a float32; then x, y, z of every point as
   * int16, to be multiplied by the scale; then red, green, blue of every point as bytes. So a cloud
   * of n points takes 4 + 9 n bytes, and typed arrays read it in place.
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

  /** A preview of points. */
  static Points of(PointCloud cloud) {
    return Points.of(cloud);
  }

  /** A preview of frames: all of them, or up to 64 evenly spread over a longer video. */
  static Sheet of(Frames frames) {
    return SpriteSheet.of(frames);
  }
}
