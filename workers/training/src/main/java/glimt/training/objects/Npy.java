package glimt.training.objects;

import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * An array in NumPy's file format (NEP 1, "A simple file format for NumPy arrays"): a magic number,
 * a header with type and shape, then the raw row-major values. An {@code .npz} file is a zip of
 * such files.
 *
 * @param type the type of the values
 * @param shape the extents
 * @param values the values, little-endian, as many as the shape requires
 */
public record Npy(Type type, List<Integer> shape, ByteBuffer values) {
  /** The supported types. */
  public enum Type {
    FLOAT16("<f2", 2),
    FLOAT32("<f4", 4),
    UINT8("|u1", 1);

    private final String code;
    private final int bytes;

    Type(String code, int bytes) {
      this.code = code;
      this.bytes = bytes;
    }
  }

  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern HEADER =
      Pattern.compile(
          "\\{'descr': '([^']+)', 'fortran_order': (True|False), 'shape': \\(([0-9, ]*)\\),"
              + " \\}\\s*");

  /**
   * Reads one array of an {@code .npz}.
   *
   * @throws TrainingException if the file or the array is missing, damaged or of another type
   */
  public static Npy read(Path npz, String name) {
    if (!Files.isRegularFile(npz)) {
      throw new TrainingException("the file " + npz + " does not exist");
    }
    try (ZipFile zip = new ZipFile(npz.toFile())) {
      ZipEntry entry = zip.getEntry(name + ".npy");
      if (entry == null) {
        throw new TrainingException("%s has no array '%s'".formatted(npz, name));
      }
      try (var in = zip.getInputStream(entry)) {
        return parse(in.readAllBytes(), "array '%s' of %s".formatted(name, npz));
      }
    } catch (IOException e) {
      throw new TrainingException("cannot read array '%s' of %s".formatted(name, npz), e);
    }
  }

  /**
   * Parses an array.
   *
   * @param what the name of the array, for error messages
   */
  static Npy parse(byte[] file, String what) {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    String header;
    try {
      byte[] magic = new byte[MAGIC.length];
      bytes.get(magic);
      int major = bytes.get();
      bytes.get();
      if (!Arrays.equals(magic, MAGIC) || major < 1 || major > 3) {
        throw new TrainingException(what + " is not a NumPy array");
      }
      int length = major == 1 ? Short.toUnsignedInt(bytes.getShort()) : bytes.getInt();
      if (length < 0 || length > bytes.remaining()) {
        throw new BufferUnderflowException();
      }
      byte[] text = new byte[length];
      bytes.get(text);
      header = new String(text, StandardCharsets.UTF_8);
    } catch (BufferUnderflowException e) {
      throw new TrainingException(what + " ends within its header", e);
    }
    Matcher fields = HEADER.matcher(header);
    if (!fields.matches() || fields.group(2).equals("True")) {
      throw new TrainingException(
          "%s has an unsupported header; it must be in C order: %s".formatted(what, header));
    }
    Type type =
        Arrays.stream(Type.values())
            .filter(known -> known.code.equals(fields.group(1)))
            .findFirst()
            .orElseThrow(
                () ->
                    new TrainingException(
                        "%s has the unsupported type %s; use float16, float32 or uint8"
                            .formatted(what, fields.group(1))));
    List<Integer> shape =
        Arrays.stream(fields.group(3).split(",", -1))
            .map(String::strip)
            .filter(extent -> !extent.isEmpty())
            .map(Integer::parseInt)
            .toList();
    long needed =
        shape.stream().mapToLong(Integer::longValue).reduce(type.bytes, Math::multiplyExact);
    if (needed != bytes.remaining()) {
      throw new TrainingException(
          "%s of shape %s needs %s bytes, but has %s"
              .formatted(what, shape, needed, bytes.remaining()));
    }
    return new Npy(type, shape, bytes.slice().order(ByteOrder.LITTLE_ENDIAN));
  }

  /** The value at an index of the flat array; bytes are 0 to 255. */
  public float at(int index) {
    return switch (type) {
      case FLOAT16 -> Float.float16ToFloat(values.getShort(index * 2));
      case FLOAT32 -> values.getFloat(index * 4);
      case UINT8 -> Byte.toUnsignedInt(values.get(index));
    };
  }
}
