package glimt.safety.c2pa;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32;

/** PNG, also animated: a chunk {@code caBX} after the header. */
final class PngContainer implements Container {
  private static final String SIGNATURE = "\u0089PNG\r\n\u001a\n";
  private static final String TYPE = "caBX";

  /** The length and the type before the content of a chunk; its CRC follows. */
  private static final int HEAD = 8;

  private static final int CRC = 4;
  private static final int IHDR = 13;

  @Override
  public boolean recognises(ByteSource file) {
    return file.has(0, SIGNATURE);
  }

  @Override
  public Optional<Held> find(ByteSource file) {
    Held held = null;
    int parts = 0;
    for (long at = SIGNATURE.length(); at < file.size(); ) {
      parts = Container.counted(parts);
      long length = file.unsigned32(at);
      long end = at + HEAD + length + CRC;
      if (file.has(at + 4, TYPE)) {
        byte[] store = file.bytes(at + HEAD, Container.limited(length));
        file.read(end - CRC, CRC);
        held = Container.only(held, new Held(store, at, end));
      }
      if (file.has(at + 4, "IEND")) {
        break;
      }
      at = end;
    }
    return Optional.ofNullable(held);
  }

  @Override
  public Inserted insert(byte[] file, byte[] store) {
    byte[] type = TYPE.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(type);
    crc.update(store);
    byte[] chunk =
        ByteBuffer.allocate(HEAD + store.length + CRC)
            .putInt(store.length)
            .put(type)
            .put(store)
            .putInt((int) crc.getValue())
            .array();
    return Inserted.at(SIGNATURE.length() + HEAD + IHDR + CRC, file, chunk);
  }
}
