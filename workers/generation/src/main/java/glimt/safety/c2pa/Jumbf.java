package glimt.safety.c2pa;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A superbox of JUMBF (ISO 19566-5): its description, then either superboxes or one box of content.
 *
 * @param type the first four characters of its type's UUID, such as {@code c2ma}
 * @param label its name among its siblings
 * @param children the superboxes in it
 * @param content the content of its CBOR box; empty if it has none
 * @param body the bytes that its hash covers: all of it, without the eight bytes of its header
 */
record Jumbf(String type, String label, List<Jumbf> children, byte[] content, byte[] body) {
  /** What follows the four characters in the UUIDs of all types. */
  private static final byte[] TYPE_TAIL = {
    0x00, 0x11, 0x00, 0x10, (byte) 0x80, 0x00, 0x00, (byte) 0xAA, 0x00, 0x38, (byte) 0x9B, 0x71
  };

  /** That the box can be asked for, and has a label. */
  private static final int REQUESTABLE_LABELLED = 3;

  private static final int HEADER = 8;
  private static final int DEPTH = 6;
  private static final int BOXES = 1000;

  /** Makes a superbox of superboxes. */
  static Jumbf of(String type, String label, List<Jumbf> children) {
    ByteArrayOutputStream body = described(type, label);
    children.forEach(child -> body.writeBytes(child.bytes()));
    return new Jumbf(type, label, children, new byte[0], body.toByteArray());
  }

  /** Makes a superbox of one CBOR box. */
  static Jumbf of(String type, String label, byte[] cbor) {
    ByteArrayOutputStream body = described(type, label);
    body.writeBytes(box("cbor", cbor));
    return new Jumbf(type, label, List.of(), cbor, body.toByteArray());
  }

  private static ByteArrayOutputStream described(String type, String label) {
    ByteArrayOutputStream description = new ByteArrayOutputStream();
    description.writeBytes(ascii(type));
    description.writeBytes(TYPE_TAIL);
    description.write(REQUESTABLE_LABELLED);
    description.writeBytes(label.getBytes(StandardCharsets.UTF_8));
    description.write(0);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(box("jumd", description.toByteArray()));
    return body;
  }

  private static byte[] box(String type, byte[] content) {
    return ByteBuffer.allocate(HEADER + content.length)
        .putInt(HEADER + content.length)
        .put(ascii(type))
        .put(content)
        .array();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Returns the whole box. */
  byte[] bytes() {
    return box("jumb", body);
  }

  /** Returns the child of a label. */
  Optional<Jumbf> child(String name) {
    return children.stream().filter(child -> child.label.equals(name)).findFirst();
  }

  /** Returns this box if it has that type. */
  Jumbf is(String wanted) {
    if (!type.equals(wanted)) {
      throw new UnreadableManifest("%s is of type %s, not %s".formatted(label, type, wanted));
    }
    return this;
  }

  /**
   * Reads a superbox, which may have bytes after it.
   *
   * @throws UnreadableManifest if it is not well-formed, too deep, or of too many boxes
   */
  static Jumbf read(byte[] bytes) {
    int[] left = {BOXES};
    Box first = Box.at(ByteBuffer.wrap(bytes), left);
    if (!first.type.equals("jumb")) {
      throw new UnreadableManifest("a manifest store begins with jumb, not " + first.type);
    }
    return superbox(first.content, DEPTH, left);
  }

  private static Jumbf superbox(byte[] body, int depth, int[] left) {
    if (depth == 0) {
      throw new UnreadableManifest("boxes are nested more than %s deep".formatted(DEPTH));
    }
    ByteBuffer rest = ByteBuffer.wrap(body);
    Box described = Box.at(rest, left);
    ByteBuffer description = ByteBuffer.wrap(described.content);
    if (!described.type.equals("jumd") || description.remaining() < 17) {
      throw new UnreadableManifest("a box does not begin with its description");
    }
    byte[] type = new byte[16];
    description.get(type);
    boolean labelled = (description.get() & REQUESTABLE_LABELLED) == REQUESTABLE_LABELLED;
    if (!labelled || !Arrays.equals(type, 4, type.length, TYPE_TAIL, 0, TYPE_TAIL.length)) {
      throw new UnreadableManifest("a box has no label, or a type that is not of C2PA");
    }
    List<Jumbf> children = new ArrayList<>();
    byte[] content = {};
    while (rest.hasRemaining()) {
      Box box = Box.at(rest, left);
      if (box.type.equals("jumb")) {
        children.add(superbox(box.content, depth - 1, left));
      } else if (box.type.equals("cbor")) {
        content = box.content;
      }
    }
    return new Jumbf(
        new String(type, 0, 4, StandardCharsets.ISO_8859_1),
        label(description),
        List.copyOf(children),
        content,
        body);
  }

  private static String label(ByteBuffer description) {
    byte[] rest = new byte[description.remaining()];
    description.get(rest);
    int end = 0;
    while (end < rest.length && rest[end] != 0) {
      end++;
    }
    if (end == rest.length) {
      throw new UnreadableManifest("a label does not end");
    }
    return new String(rest, 0, end, StandardCharsets.UTF_8);
  }

  /** Any box of ISO BMFF's form. */
  private record Box(String type, byte[] content) {
    static Box at(ByteBuffer rest, int[] left) {
      if (--left[0] < 0) {
        throw new UnreadableManifest("there are more than %s boxes".formatted(BOXES));
      }
      if (rest.remaining() < HEADER) {
        throw new UnreadableManifest("a box is cut off");
      }
      long length = Integer.toUnsignedLong(rest.getInt());
      byte[] type = new byte[4];
      rest.get(type);
      if (length < HEADER || length - HEADER > rest.remaining()) {
        throw new UnreadableManifest("a box claims %s bytes".formatted(length));
      }
      byte[] content = new byte[(int) length - HEADER];
      rest.get(content);
      return new Box(new String(type, StandardCharsets.ISO_8859_1), content);
    }
  }
}
