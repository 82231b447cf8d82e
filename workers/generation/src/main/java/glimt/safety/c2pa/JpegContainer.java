package glimt.safety.c2pa;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;

/** JPEG: segments APP11 with the packets of one box (ISO 19566-5, annex D), after APP0. */
final class JpegContainer implements Container {
  private static final int SOI = 0xFFD8;
  private static final int SOS = 0xFFDA;
  private static final int APP0 = 0xFFE0;
  private static final int APP11 = 0xFFEB;

  /** The common identifier, the letters JP. */
  private static final int COMMON = 0x4A50;

  /** The number of the box among those of its type. */
  private static final int INSTANCE = 1;

  /** Common identifier, instance, and number of the packet. */
  private static final int PACKET_HEAD = 8;

  /** The length and the type of the box, which every packet repeats. */
  private static final int BOX_HEAD = 8;

  private static final int MOST = 0xFFFF - 2 - PACKET_HEAD - BOX_HEAD;

  @Override
  public boolean recognises(ByteSource file) {
    return file.has(0, "\u00ff\u00d8\u00ff");
  }

  @Override
  public Optional<Held> find(ByteSource file) {
    ByteArrayOutputStream store = new ByteArrayOutputStream();
    long from = -1;
    long to = -1;
    int packets = 0;
    int parts = 0;
    for (long at = 2; ; ) {
      parts = Container.counted(parts);
      int marker = file.unsigned16(at);
      if (marker < 0xFF01 || marker == SOS) {
        break;
      }
      int length = file.unsigned16(at + 2);
      long end = at + 2 + length;
      if (length < 2) {
        throw new UnreadableManifest("the segment at byte %s has no length".formatted(at));
      }
      if (marker == APP11
          && length > 2 + PACKET_HEAD + BOX_HEAD
          && file.unsigned16(at + 4) == COMMON
          && file.has(at + 4 + PACKET_HEAD + 4, "jumb")) {
        packets++;
        if ((from >= 0 && to != at) || file.unsigned32(at + 8) != packets) {
          throw new UnreadableManifest("the packets of the manifest are not in order");
        }
        from = from < 0 ? at : from;
        to = end;
        int head = packets == 1 ? 0 : BOX_HEAD;
        long begin = at + 4 + PACKET_HEAD + head;
        Container.limited(store.size() + (end - begin));
        store.writeBytes(file.bytes(begin, (int) (end - begin)));
      }
      at = end;
    }
    return from < 0 ? Optional.empty() : Optional.of(new Held(store.toByteArray(), from, to));
  }

  @Override
  public Inserted insert(byte[] file, byte[] store) {
    ByteBuffer source = ByteBuffer.wrap(file);
    int at = 2;
    if (Short.toUnsignedInt(source.getShort(0)) == SOI
        && Short.toUnsignedInt(source.getShort(at)) == APP0) {
      at += 2 + Short.toUnsignedInt(source.getShort(at + 2));
    }
    ByteBuffer box = ByteBuffer.wrap(store);
    byte[] head = new byte[Math.min(BOX_HEAD, store.length)];
    box.get(head);
    ByteArrayOutputStream segments = new ByteArrayOutputStream();
    for (int packet = 1; packet == 1 || box.hasRemaining(); packet++) {
      byte[] part = new byte[Math.min(MOST, box.remaining())];
      box.get(part);
      int length = 2 + PACKET_HEAD + head.length + part.length;
      segments.writeBytes(
          ByteBuffer.allocate(2 + length)
              .putShort((short) APP11)
              .putShort((short) length)
              .putShort((short) COMMON)
              .putShort((short) INSTANCE)
              .putInt(packet)
              .put(head)
              .put(part)
              .array());
    }
    return Inserted.at(at, file, segments.toByteArray());
  }
}
