package glimt.published;

import glimt.bundle.BundleException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The directory of a mapped zip file. What is stored is given where it lies: {@code
 * java.util.zip.ZipFile} gives streams alone, through which weights of many GB would be copied.
 */
final class ZipDirectory {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int LOCAL = 0x04034b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int END = 0x06054b50;
  private static final int END64 = 0x06064b50;
  private static final int LOCATOR64 = 0x07064b50;

  /** A record's end with its longest comment. */
  private static final long FARTHEST_END = 22 + 0xffff;

  private static final long IN_EXTRA = 0xffffffffL;

  /** Deflate makes nothing shorter than this; what claims to be is a bomb. */
  private static final long DENSEST = 1032;

  private static final int CHUNK = 1 << 20;

  /**
   * @param packed bytes in the file
   * @param size bytes when unpacked
   * @param local where its own header begins
   */
  private record Entry(int flags, int method, int crc, long packed, long size, long local) {}

  private final String file;
  private final MemorySegment whole;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /**
   * Reads the directory.
   *
   * @param file named in errors
   * @throws BundleException if the file is cut short or its directory is damaged
   */
  ZipDirectory(String file, MemorySegment whole) {
    this.file = file;
    this.whole = whole;
    try {
      read();
    } catch (IndexOutOfBoundsException | ArithmeticException _) {
      throw damaged("its directory points outside of it");
    }
  }

  /** The names of all entries. */
  Set<String> names() {
    return entries.keySet();
  }

  /**
   * The bytes of an entry, compared with their check sum.
   *
   * @throws BundleException if there is no such entry, or it is damaged
   */
  MemorySegment bytes(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw damaged("it has no entry " + name);
    }
    MemorySegment bytes;
    try {
      bytes = unpacked(name, entry);
    } catch (IndexOutOfBoundsException | ArithmeticException _) {
      throw damaged("entry " + name + " lies outside of it");
    }
    if (crc(bytes) != entry.crc) {
      throw damaged("entry " + name + " does not have its check sum");
    }
    return bytes;
  }

  private void read() {
    long end = end();
    long count = unsignedShort(end + 10);
    long at = unsignedInt(end + 16);
    if (count == 0xffff || at == IN_EXTRA || unsignedInt(end + 12) == IN_EXTRA) {
      long locator = end - 20;
      if (whole.get(INT, locator) != LOCATOR64) {
        throw damaged("its directory is incomplete");
      }
      long end64 = whole.get(LONG, locator + 8);
      if (whole.get(INT, end64) != END64) {
        throw damaged("its directory is incomplete");
      }
      count = whole.get(LONG, end64 + 32);
      at = whole.get(LONG, end64 + 48);
    }
    for (long i = 0; i < count; i++) {
      at = entry(at);
    }
  }

  /** Where the record at the end of the directory is. */
  private long end() {
    long last = whole.byteSize() - 22;
    for (long at = last; at >= Math.max(0, last - FARTHEST_END); at--) {
      if (whole.get(INT, at) == END) {
        return at;
      }
    }
    throw damaged("it is cut short: a zip file ends with its directory");
  }

  /** Reads an entry of the directory; returns where the next begins. */
  private long entry(long at) {
    if (whole.get(INT, at) != CENTRAL) {
      throw damaged("its directory is damaged at byte " + at);
    }
    int nameLength = unsignedShort(at + 28);
    int extraLength = unsignedShort(at + 30);
    long extra = at + 46 + nameLength;
    String name =
        new String(
            whole.asSlice(at + 46, nameLength).toArray(ValueLayout.JAVA_BYTE),
            StandardCharsets.UTF_8);
    long packed = unsignedInt(at + 20);
    long size = unsignedInt(at + 24);
    long local = unsignedInt(at + 42);
    if (packed == IN_EXTRA || size == IN_EXTRA || local == IN_EXTRA) {
      long wide = wide(name, extra, extra + extraLength);
      if (size == IN_EXTRA) {
        size = whole.get(LONG, wide);
        wide += 8;
      }
      if (packed == IN_EXTRA) {
        packed = whole.get(LONG, wide);
        wide += 8;
      }
      if (local == IN_EXTRA) {
        local = whole.get(LONG, wide);
      }
    }
    Entry entry =
        new Entry(
            unsignedShort(at + 8),
            unsignedShort(at + 10),
            whole.get(INT, at + 16),
            packed,
            size,
            local);
    if (entries.put(name, entry) != null) {
      throw damaged("it has two entries " + name);
    }
    return extra + extraLength + unsignedShort(at + 32);
  }

  /** Where the 64-bit sizes of an entry begin among its extra fields. */
  private long wide(String name, long from, long to) {
    for (long at = from; at + 4 <= to; at += 4 + unsignedShort(at + 2)) {
      if (unsignedShort(at) == 1) {
        return at + 4;
      }
    }
    throw damaged("entry " + name + " has no size");
  }

  private MemorySegment unpacked(String name, Entry entry) {
    if ((entry.flags & 1) != 0) {
      throw damaged("entry " + name + " is encrypted");
    }
    if (whole.get(INT, entry.local) != LOCAL) {
      throw damaged("entry " + name + " is not where the directory says");
    }
    long begin =
        entry.local + 30 + unsignedShort(entry.local + 26) + unsignedShort(entry.local + 28);
    MemorySegment packed = whole.asSlice(begin, entry.packed);
    if (entry.method == 0 && entry.packed == entry.size) {
      return packed;
    }
    if (entry.method != 8 || entry.size < 0 || entry.size / DENSEST > entry.packed) {
      throw damaged("entry %s is packed in an unknown way".formatted(name));
    }
    return inflated(name, packed, entry.size);
  }

  private MemorySegment inflated(String name, MemorySegment packed, long size) {
    MemorySegment out = Arena.ofAuto().allocate(Math.max(1, size), 64).asSlice(0, size);
    try (Inflater inflater = new Inflater(true)) {
      long in = 0;
      long done = 0;
      while (done < size) {
        if (inflater.needsInput()) {
          long part = Math.min(CHUNK, packed.byteSize() - in);
          inflater.setInput(packed.asSlice(in, part).asByteBuffer());
          in += part;
        }
        long room = Math.min(CHUNK, size - done);
        int more = inflater.inflate(out.asSlice(done, room).asByteBuffer());
        if (more == 0 && (inflater.finished() || in == packed.byteSize())) {
          throw damaged("entry " + name + " ends early");
        }
        done += more;
      }
    } catch (DataFormatException broken) {
      throw damaged("entry " + name + " cannot be unpacked: " + broken.getMessage());
    }
    return out;
  }

  private static int crc(MemorySegment bytes) {
    CRC32 crc = new CRC32();
    for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
      crc.update(bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer());
    }
    return (int) crc.getValue();
  }

  private int unsignedShort(long at) {
    return Short.toUnsignedInt(whole.get(SHORT, at));
  }

  private long unsignedInt(long at) {
    return Integer.toUnsignedLong(whole.get(INT, at));
  }

  private BundleException damaged(String why) {
    return new BundleException("%s is a damaged zip file: %s".formatted(file, why));
  }
}
