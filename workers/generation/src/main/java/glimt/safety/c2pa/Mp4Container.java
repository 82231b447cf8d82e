package glimt.safety.c2pa;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** MP4: a box {@code uuid} after {@code ftyp}. All chunk offsets are moved by its length. */
final class Mp4Container implements Container {
  private static final byte[] UUID = HexFormat.of().parseHex("d8fec3d61b0e483c92975828877ec481");

  private static final byte[] PURPOSE = "manifest\0".getBytes(StandardCharsets.US_ASCII);

  /** Version and flags. */
  private static final int FULL_BOX = 4;

  /** What is before the store in the box: UUID, version, purpose, offset of a Merkle tree. */
  private static final int PREFIX = UUID.length + FULL_BOX + PURPOSE.length + Long.BYTES;

  /** The boxes on the way from the file to the chunk offsets. */
  private static final Set<String> ON_THE_WAY = Set.of("moov", "trak", "mdia", "minf", "stbl");

  static byte[] uuid() {
    return UUID.clone();
  }

  static boolean isManifest(ByteSource file, Mp4Box box) {
    return box.type().equals("uuid")
        && box.to() - box.content() >= UUID.length
        && box.content() - box.from() == Mp4Box.HEADER
        && Arrays.equals(file.bytes(box.content(), UUID.length), UUID);
  }

  @Override
  public boolean recognises(ByteSource file) {
    return file.has(4, "ftyp");
  }

  @Override
  public Optional<Held> find(ByteSource file) {
    Held held = null;
    for (Mp4Box box : Mp4Box.topLevel(file)) {
      if (isManifest(file, box)) {
        int length = Container.limited(box.to() - box.content() - PREFIX);
        byte[] purpose = file.bytes(box.content() + UUID.length + FULL_BOX, PURPOSE.length);
        if (!Arrays.equals(purpose, PURPOSE)) {
          throw new UnreadableManifest("the box of the manifest does not say that it is one");
        }
        byte[] store = file.bytes(box.content() + PREFIX, length);
        held = Container.only(held, new Held(store, box.from(), box.to()));
      }
    }
    return Optional.ofNullable(held);
  }

  @Override
  public Inserted insert(byte[] file, byte[] store) {
    ByteArrayOutputStream box = new ByteArrayOutputStream();
    int length = Mp4Box.HEADER + PREFIX + store.length;
    box.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
    box.writeBytes("uuid".getBytes(StandardCharsets.US_ASCII));
    box.writeBytes(UUID);
    box.writeBytes(new byte[FULL_BOX]);
    box.writeBytes(PURPOSE);
    box.writeBytes(new byte[Long.BYTES]);
    box.writeBytes(store);
    ByteSource source = ByteSource.of(file);
    List<Mp4Box> boxes = Mp4Box.topLevel(source);
    int at = Math.toIntExact(boxes.getFirst().to());
    byte[] moved = file.clone();
    move(source, boxes, ByteBuffer.wrap(moved), at, length);
    return Inserted.at(at, moved, box.toByteArray());
  }

  /** Adds to all offsets that point behind a position. */
  private static void move(ByteSource file, List<Mp4Box> boxes, ByteBuffer into, int from, int by) {
    for (Mp4Box box : boxes) {
      int table = Math.toIntExact(box.content()) + FULL_BOX;
      switch (box.type()) {
        case "stco" -> {
          for (int i = 0; i < into.getInt(table); i++) {
            int at = table + 4 + i * Integer.BYTES;
            long offset = Integer.toUnsignedLong(into.getInt(at));
            into.putInt(at, Math.toIntExact(offset < from ? offset : offset + by));
          }
        }
        case "co64" -> {
          for (int i = 0; i < into.getInt(table); i++) {
            int at = table + 4 + i * Long.BYTES;
            long offset = into.getLong(at);
            into.putLong(at, offset < from ? offset : offset + by);
          }
        }
        case "moof", "iloc" ->
            throw new IllegalArgumentException("an MP4 with %s is not ours".formatted(box.type()));
        default -> {
          if (ON_THE_WAY.contains(box.type())) {
            move(file, box.children(file), into, from, by);
          }
        }
      }
    }
  }

  @Override
  public Binding binding(Inserted draft) {
    return BmffHash.of(ByteSource.of(draft.file()));
  }
}
