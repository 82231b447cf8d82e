package glimt.safety.c2pa;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A box of an MP4 file (ISO 14496-12).
 *
 * @param from the position of its first byte
 * @param content the position of its content
 * @param to the position after its last byte
 */
record Mp4Box(String type, long from, long content, long to) {
  static final int HEADER = 8;

  static List<Mp4Box> topLevel(ByteSource file) {
    return within(file, 0, file.size());
  }

  /** Returns the boxes in a range, which they must fill. */
  static List<Mp4Box> within(ByteSource file, long from, long to) {
    List<Mp4Box> boxes = new ArrayList<>();
    for (long at = from; at < to; at = boxes.getLast().to) {
      Container.counted(boxes.size());
      boxes.add(at(file, at, to));
    }
    return boxes;
  }

  List<Mp4Box> children(ByteSource file) {
    return within(file, content, to);
  }

  private static Mp4Box at(ByteSource file, long at, long end) {
    long length = file.unsigned32(at);
    String type = new String(file.bytes(at + 4, 4), StandardCharsets.ISO_8859_1);
    long content = at + HEADER;
    if (length == 1) {
      length = file.signed64(content);
      content += Long.BYTES;
    } else if (length == 0) {
      length = end - at;
    }
    if (length < content - at || length > end - at) {
      throw new UnreadableManifest(
          "the box at byte %s claims %s bytes of %s".formatted(at, length, end - at));
    }
    return new Mp4Box(type, at, content, at + length);
  }
}
