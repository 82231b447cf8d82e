package glimt.safety.c2pa;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** Bytes that are read at positions: a file, or an array. Numbers in it are big-endian. */
abstract class ByteSource {
  private static final int CHUNK = 1 << 16;

  static ByteSource of(byte[] bytes) {
    return new ByteSource() {
      @Override
      long size() {
        return bytes.length;
      }

      @Override
      void fill(long at, ByteBuffer into) {
        into.put(bytes, Math.toIntExact(at), into.remaining());
      }
    };
  }

  static ByteSource of(FileChannel file) throws IOException {
    long size = file.size();
    return new ByteSource() {
      @Override
      long size() {
        return size;
      }

      @Override
      void fill(long at, ByteBuffer into) {
        try {
          for (long next = at; into.hasRemaining(); ) {
            int read = file.read(into, next);
            if (read < 0) {
              throw new UnreadableManifest("the file became shorter while it was read");
            }
            next += read;
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  abstract long size();

  abstract void fill(long at, ByteBuffer into);

  /**
   * Reads bytes.
   *
   * @throws UnreadableManifest if they are not within the file
   */
  ByteBuffer read(long at, int length) {
    check(at, length);
    ByteBuffer bytes = ByteBuffer.allocate(length);
    fill(at, bytes);
    return bytes.flip();
  }

  byte[] bytes(long at, int length) {
    return read(at, length).array();
  }

  int unsigned8(long at) {
    return Byte.toUnsignedInt(read(at, 1).get());
  }

  int unsigned16(long at) {
    return Short.toUnsignedInt(read(at, 2).getShort());
  }

  long unsigned32(long at) {
    return Integer.toUnsignedLong(read(at, 4).getInt());
  }

  /** Reads a number of 64 bits; those of 2^63 or more come out negative, and fail every check. */
  long signed64(long at) {
    return read(at, 8).getLong();
  }

  /** Returns whether these ASCII characters are at this position. */
  boolean has(long at, String ascii) {
    return at >= 0
        && at <= size() - ascii.length()
        && new String(bytes(at, ascii.length()), StandardCharsets.ISO_8859_1).equals(ascii);
  }

  /** Updates a digest with the bytes from one position to before another. */
  void digest(MessageDigest digest, long from, long to) {
    check(from, to - from);
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    for (long at = from; at < to; ) {
      chunk.clear().limit((int) Math.min(CHUNK, to - at));
      fill(at, chunk);
      at += chunk.position();
      digest.update(chunk.flip());
    }
  }

  private void check(long at, long length) {
    if (at < 0 || length < 0 || at > size() - length) {
      throw new UnreadableManifest(
          "the file is cut off: %s bytes at %s of %s".formatted(length, at, size()));
    }
  }
}
