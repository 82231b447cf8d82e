package glimt.safety.c2pa;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** WebP: a RIFF chunk {@code C2PA} at the end. */
final class WebpContainer implements Container {
  private static final String TYPE = "C2PA";
  private static final int RIFF_HEAD = 12;
  private static final int HEAD = 8;

  @Override
  public boolean recognises(ByteSource file) {
    return file.has(0, "RIFF") && file.has(8, "WEBP");
  }

  @Override
  public Optional<Held> find(ByteSource file) {
    Held held = null;
    int parts = 0;
    for (long at = RIFF_HEAD; at < file.size(); ) {
      parts = Container.counted(parts);
      long length =
          Integer.toUnsignedLong(file.read(at + 4, 4).order(ByteOrder.LITTLE_ENDIAN).getInt());
      long end = at + HEAD + length + (length & 1);
      if (file.has(at, TYPE)) {
        byte[] store = file.bytes(at + HEAD, Container.limited(length));
        held = Container.only(held, new Held(store, at, end));
      }
      at = end;
    }
    return Optional.ofNullable(held);
  }

  @Override
  public Inserted insert(byte[] file, byte[] store) {
    byte[] chunk =
        ByteBuffer.allocate(HEAD + store.length + (store.length & 1))
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(TYPE.getBytes(StandardCharsets.US_ASCII))
            .putInt(store.length)
            .put(store)
            .array();
    Inserted whole = Inserted.at(file.length, file, chunk);
    // The length of all that follows the first eight bytes.
    ByteBuffer.wrap(whole.file())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(4, whole.file().length - HEAD);
    return whole;
  }
}
