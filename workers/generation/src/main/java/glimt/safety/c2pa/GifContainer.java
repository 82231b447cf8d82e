package glimt.safety.c2pa;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** GIF 89a: an application extension before the first frame. */
final class GifContainer implements Container {
  private static final byte[] EXTENSION = {0x21, (byte) 0xFF, 0x0B};

  /** The application, and a version as its authentication code. */
  private static final String APPLICATION = "C2PA_GIF\u0001\u0000\u0000";

  private static final int HEAD = EXTENSION.length + APPLICATION.length();
  private static final int SCREEN = 13;
  private static final int BLOCK = 255;

  @Override
  public boolean recognises(ByteSource file) {
    return file.has(0, "GIF89a");
  }

  @Override
  public Optional<Held> find(ByteSource file) {
    Held held = null;
    int parts = 0;
    for (long at = colours(file); file.unsigned8(at) == EXTENSION[0]; ) {
      boolean ours = file.has(at + 2, "\u000b" + APPLICATION);
      long from = at;
      ByteArrayOutputStream store = new ByteArrayOutputStream();
      at += 2;
      for (int length = file.unsigned8(at); length > 0; length = file.unsigned8(at)) {
        parts = Container.counted(parts);
        if (ours && at >= from + HEAD) {
          Container.limited(store.size() + (long) length);
          store.writeBytes(file.bytes(at + 1, length));
        }
        at += 1 + length;
      }
      at++;
      if (ours) {
        held = Container.only(held, new Held(store.toByteArray(), from, at));
      }
    }
    return Optional.ofNullable(held);
  }

  /** Returns the position after the table of colours. */
  private static long colours(ByteSource file) {
    int flags = file.unsigned8(10);
    return SCREEN + ((flags & 0x80) == 0 ? 0 : 3L << ((flags & 7) + 1));
  }

  @Override
  public Inserted insert(byte[] file, byte[] store) {
    ByteArrayOutputStream extension = new ByteArrayOutputStream();
    extension.writeBytes(EXTENSION);
    extension.writeBytes(APPLICATION.getBytes(StandardCharsets.ISO_8859_1));
    for (int at = 0; at < store.length; at += BLOCK) {
      int length = Math.min(BLOCK, store.length - at);
      extension.write(length);
      extension.write(store, at, length);
    }
    extension.write(0);
    int at = Math.toIntExact(colours(ByteSource.of(file)));
    return Inserted.at(at, file, extension.toByteArray());
  }
}
