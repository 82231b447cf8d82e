package glimt.media;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes the polygon file format, binary little-endian 1.0 (Turk, 1994): 15 bytes per point after a
 * text header.
 */
final class Ply {

  private Ply() {}

  static byte[] bytes(PointCloud cloud) {
    byte[] header =
        """
        ply
        format binary_little_endian 1.0
        comment glimt
        element vertex %s
        property float x
        property float y
        property float z
        property uchar red
        property uchar green
        property uchar blue
        end_header
        """
            .formatted(cloud.size())
            .getBytes(StandardCharsets.US_ASCII);
    var file =
        ByteBuffer.allocate(header.length + 15 * cloud.size()).order(ByteOrder.LITTLE_ENDIAN);
    file.put(header);
    for (int i = 0; i < cloud.xyz().length; i += 3) {
      for (int k = 0; k < 3; k++) {
        file.putFloat(cloud.xyz()[i + k]);
      }
      file.put(cloud.rgb(), i, 3);
    }
    return file.array();
  }
}
