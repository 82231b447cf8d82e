package glimt.published;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Files of PyTorch's, made by hand: opcodes of a pickle as text, one character a byte. */
final class TorchFile {
  private TorchFile() {}

  /** {@code {name: tensor}} of one tensor. */
  static String state(String name, String tensor) {
    return "}" + text(name) + tensor + "s";
  }

  static String tensor(String storage, String key, int count, int offset, int[] shape, int[] by) {
    return "ctorch._utils\n_rebuild_tensor_v2\n("
        + storage(storage, key, count)
        + whole(offset)
        + tuple(shape)
        + tuple(by)
        + "\u0089ccollections\nOrderedDict\n)RtR";
  }

  static String storage(String storage, String key, int count) {
    return "("
        + text("storage")
        + "ctorch\n"
        + storage
        + "\n"
        + text(key)
        + text("cpu")
        + whole(count)
        + "tQ";
  }

  static String tuple(int... items) {
    StringBuilder out = new StringBuilder("(");
    for (int item : items) {
      out.append(whole(item));
    }
    return out.append('t').toString();
  }

  static String text(String text) {
    return "X" + little(4, text.length()) + text;
  }

  static String whole(int value) {
    return "J" + little(4, value);
  }

  static String little(int bytes, long value) {
    byte[] all = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    return new String(all, 0, bytes, StandardCharsets.ISO_8859_1);
  }

  static byte[] bytes(String opcodes) {
    return opcodes.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] floats(float... values) {
    ByteBuffer out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    out.asFloatBuffer().put(values);
    return out.array();
  }

  /** A zip file whose pickle is made of opcodes; {@code storages} by their keys. */
  static Path zip(Path file, String opcodes, Map<String, byte[]> storages, int method) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setMethod(method);
      entry(zip, "archive/data.pkl", bytes("\u0080\u0002" + opcodes + "."), method);
      for (Map.Entry<String, byte[]> storage : storages.entrySet()) {
        entry(zip, "archive/data/" + storage.getKey(), storage.getValue(), method);
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return write(file, out.toByteArray());
  }

  static Path zip(Path file, String opcodes, Map<String, byte[]> storages) {
    return zip(file, opcodes, storages, ZipEntry.STORED);
  }

  /** As PyTorch wrote before 1.6. */
  static Path legacy(Path file, String opcodes, String key, long count, byte[] values) {
    String start = "\u0080\u0002";
    String magic = start + "\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.";
    String system = start + "}" + text("little_endian") + "\u0088s.";
    String keys = start + "](" + text(key) + "e.";
    String all =
        magic
            + start
            + whole(1001)
            + "."
            + system
            + start
            + opcodes
            + "."
            + keys
            + little(8, count)
            + new String(values, StandardCharsets.ISO_8859_1);
    return write(file, bytes(all));
  }

  static Path write(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static void entry(ZipOutputStream zip, String name, byte[] bytes, int method)
      throws IOException {
    ZipEntry entry = new ZipEntry(name);
    if (method == ZipEntry.STORED) {
      CRC32 crc = new CRC32();
      crc.update(bytes);
      entry.setSize(bytes.length);
      entry.setCompressedSize(bytes.length);
      entry.setCrc(crc.getValue());
    }
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }
}
