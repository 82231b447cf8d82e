package glimt.bundle;

import glimt.bundle.SafetensorsHeader.TensorEntry;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file of named tensors: eight bytes that give the length of the header, a JSON header, then the
 * raw little-endian values, row-major, without gaps.
 *
 * <p>{@link #map} leaves the values in the file and accesses them through the page cache, which all
 * processes of a machine share, so weights of many GB take no heap. {@link #read} and {@link
 * #parse} copy the values into the heap, for files that are small or about to change.
 *
 * <p>Reading is strict, because wrong offsets must never reach native code: every violation raises
 * a {@link BundleException} that names the file and the cause.
 *
 * @param tensors the tensors by name, in the order of their bytes in the file
 * @param metadata arbitrary strings stored in the header
 */
public record Safetensors(Map<String, Tensor> tensors, Map<String, String> metadata) {

  /**
   * The number formats that glimt reads. Networks compute with those of fractions; the others are
   * found beside them, such as a vocabulary in bytes.
   */
  public enum Dtype {
    F32(4),
    F16(2),
    BF16(2),
    I8(1),
    I32(4),
    I64(8),
    U8(1),
    BOOL(1);

    /** How many bytes a value takes. */
    public final int bytes;

    Dtype(int bytes) {
      this.bytes = bytes;
    }

    /** Whether it holds fractions. */
    public boolean isFraction() {
      return this == F32 || this == F16 || this == BF16;
    }

    /** Whether it is a floating-point format of two bytes, all of whose values float32 has too. */
    boolean isHalf() {
      return this == F16 || this == BF16;
    }
  }

  /**
   * A tensor.
   *
   * @param shape its extents; empty for a scalar
   * @param values the raw little-endian values, row-major, in the heap or in a mapped file;
   *     read-only
   */
  public record Tensor(Dtype dtype, List<Long> shape, MemorySegment values) {
    public Tensor {
      shape = List.copyOf(shape);
      values = values.asReadOnly();
      if (count(shape) * dtype.bytes != values.byteSize()) {
        throw new IllegalArgumentException(
            "a tensor of shape %s and type %s cannot have %s bytes"
                .formatted(shape, dtype, values.byteSize()));
      }
    }

    /** A float32 tensor with a copy of the values, which are row-major. */
    public static Tensor of(float[] values, long... shape) {
      ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values);
      return new Tensor(Dtype.F32, boxed(shape), MemorySegment.ofBuffer(bytes));
    }

    /** An int64 tensor with a copy of the values, which are row-major. */
    public static Tensor of(long[] values, long... shape) {
      ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asLongBuffer().put(values);
      return new Tensor(Dtype.I64, boxed(shape), MemorySegment.ofBuffer(bytes));
    }

    /** An int8 tensor with a copy of the values, which are row-major. */
    public static Tensor of(byte[] values, long... shape) {
      return new Tensor(Dtype.I8, boxed(shape), MemorySegment.ofArray(values.clone()));
    }

    private static List<Long> boxed(long... shape) {
      return Arrays.stream(shape).boxed().toList();
    }

    /**
     * The number of values.
     *
     * @throws ArithmeticException if there are more than a Java array can hold
     */
    public int size() {
      return Math.toIntExact(values.byteSize() / dtype.bytes);
    }

    /**
     * A new little-endian view of the raw values, positioned at the first.
     *
     * @throws UnsupportedOperationException if there are more than 2 GB
     */
    public ByteBuffer bytes() {
      return values.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Converts the values, of any format, to float32 in the heap. */
    public float[] floats() {
      ByteBuffer in = bytes();
      float[] out = new float[size()];
      for (int i = 0; i < out.length; i++) {
        out[i] =
            switch (dtype) {
              case F32 -> in.getFloat();
              case F16 -> Float.float16ToFloat(in.getShort());
              case BF16 -> Float.intBitsToFloat(in.getShort() << 16);
              case I8 -> in.get();
              case I32 -> in.getInt();
              case I64 -> in.getLong();
              case U8, BOOL -> Byte.toUnsignedInt(in.get());
            };
      }
      return out;
    }

    /**
     * The values of an int64 tensor, copied into the heap.
     *
     * @throws IllegalStateException if the tensor has another format
     */
    public long[] longs() {
      if (dtype != Dtype.I64) {
        throw new IllegalStateException(
            "a tensor of type " + dtype + " holds no integers; its type must be I64");
      }
      long[] out = new long[size()];
      bytes().asLongBuffer().get(out);
      return out;
    }

    /** Whether format, shape and every bit are equal. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Tensor(Dtype type, List<Long> extents, MemorySegment bits)
          && type == dtype
          && extents.equals(shape)
          && bits.mismatch(values) < 0;
    }

    @Override
    public int hashCode() {
      return Objects.hash(dtype, shape);
    }

    /** The shape as an array. */
    public long[] dimensions() {
      return shape.stream().mapToLong(Long::longValue).toArray();
    }

    /**
     * Converts the values to {@code F32}, {@code F16} or {@code BF16}, rounding to nearest, ties to
     * even.
     *
     * @throws IllegalArgumentException for any other format that the tensor does not already have
     */
    public Tensor as(Dtype wanted) {
      if (wanted == dtype) {
        return this;
      }
      float[] floats = floats();
      ByteBuffer out =
          ByteBuffer.allocate(floats.length * wanted.bytes).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : floats) {
        switch (wanted) {
          case F32 -> out.putFloat(value);
          case F16 -> out.putShort(Float.floatToFloat16(value));
          case BF16 -> out.putShort(bfloat16(value));
          case I8, I32, I64, U8, BOOL ->
              throw new IllegalArgumentException(
                  "cannot convert a tensor to " + wanted + ", only to F32, F16 or BF16");
        }
      }
      return new Tensor(wanted, shape, MemorySegment.ofBuffer(out.flip()));
    }

    private static short bfloat16(float value) {
      int bits = Float.floatToRawIntBits(value);
      if (Float.isNaN(value)) {
        return (short) ((bits >>> 16) | 0x40);
      }
      return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
  }

  /** The number of bytes of a tensor that are written at a time. */
  private static final long PART = 1 << 20;

  public Safetensors {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    metadata = Map.copyOf(metadata);
  }

  /** Tensors without metadata. */
  public Safetensors(Map<String, Tensor> tensors) {
    this(tensors, Map.of());
  }

  /**
   * A tensor by its name.
   *
   * @throws BundleException if there is none; the message lists the existing names
   */
  public Tensor get(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new BundleException(
          "there is no tensor " + name + "; the file has " + tensors.keySet());
    }
    return tensor;
  }

  /** Converts all tensors, as {@link Tensor#as} does. */
  public Safetensors as(Dtype dtype) {
    Map<String, Tensor> out = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> out.put(name, tensor.as(dtype)));
    return new Safetensors(out, metadata);
  }

  // ---- reading

  /**
   * Reads a file into the heap.
   *
   * @throws BundleException if the file cannot be read or is invalid
   */
  public static Safetensors read(Path file) {
    try {
      return parse(file.toString(), Files.readAllBytes(file));
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    }
  }

  /**
   * Parses the bytes of a file.
   *
   * @param file the name of the file, for error messages
   * @throws BundleException if the bytes are not a valid file
   */
  public static Safetensors parse(String file, byte[] bytes) {
    return of(file, MemorySegment.ofArray(bytes));
  }

  /**
   * Maps a file. Only its header is read now; the operating system reads values when they are
   * accessed. The mapping ends when its tensors become unreachable.
   *
   * @throws BundleException if the file is missing, cannot be mapped or is invalid
   */
  public static Safetensors map(Path file) {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      return of(
          file.toString(), in.map(FileChannel.MapMode.READ_ONLY, 0, in.size(), Arena.ofAuto()));
    } catch (NoSuchFileException missing) {
      throw new BundleException(file + " is missing", missing);
    } catch (IOException broken) {
      throw new BundleException("cannot map " + file + ": " + broken, broken);
    }
  }

  private static Safetensors of(String file, MemorySegment whole) {
    SafetensorsHeader header = SafetensorsHeader.of(file, whole);
    MemorySegment values = whole.asSlice(header.length());
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorEntry entry : header.entries()) {
      tensors.put(
          entry.name(),
          new Tensor(
              entry.dtype(),
              entry.shape(),
              values.asSlice(entry.begin(), entry.end() - entry.begin())));
    }
    return new Safetensors(tensors, header.metadata());
  }

  static long count(List<Long> shape) {
    long count = 1;
    for (long extent : shape) {
      count = Math.multiplyExact(count, extent);
    }
    return count;
  }

  static BundleException bad(String file, String why) {
    return new BundleException(file + " is not a valid safetensors file: " + why);
  }

  // ---- writing

  /** The bytes of the file. Equal tensors and metadata give equal bytes. */
  public byte[] bytes() {
    byte[] header = SafetensorsHeader.of(this).bytes();
    long values = tensors.values().stream().mapToLong(tensor -> tensor.values.byteSize()).sum();
    ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(8 + header.length + values));
    out.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header);
    tensors.values().forEach(tensor -> out.put(tensor.bytes()));
    return out.array();
  }

  /**
   * Writes the file atomically: to a temporary file in the same folder, which is flushed and then
   * renamed.
   *
   * @throws BundleException if the file cannot be written
   */
  public void write(Path file) {
    writeAtomically(file, this::writeTo);
  }

  private interface FileContent {
    void writeTo(FileChannel out) throws IOException;
  }

  private static void writeAtomically(Path file, FileContent content) {
    Path temporary = file.resolveSibling(file.getFileName() + ".part");
    try {
      try (FileChannel out =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        content.writeTo(out);
        out.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) { // the rename is durable only after its folder is flushed
        try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
          names.force(true);
        }
      }
    } catch (IOException broken) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException alsoBroken) {
        broken.addSuppressed(alsoBroken);
      }
      throw new BundleException("cannot write " + file + ": " + broken, broken);
    }
  }

  /**
   * Writes the file with all values in one format, as {@link Tensor#as} rounds them, however large
   * it is: a part of it is converted at a time.
   *
   * @throws BundleException if the file cannot be written
   */
  public void write(Path file, Dtype dtype) {
    writeAtomically(file, out -> new SafetensorsConversion(this, dtype).writeTo(out));
  }

  /**
   * Returns the bytes of a file with one float32 tensor up to its first value, for a writer that
   * has never all values at once.
   */
  public static byte[] start(String name, long... shape) {
    List<Long> extents = Tensor.boxed(shape);
    TensorEntry only = new TensorEntry(name, Dtype.F32, extents, 0, 4 * count(extents));
    byte[] header = new SafetensorsHeader(0, List.of(only), Map.of()).bytes();
    return ByteBuffer.allocate(8 + header.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  private void writeTo(FileChannel out) throws IOException {
    byte[] header = SafetensorsHeader.of(this).bytes();
    ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    writeFully(out, start.putLong(header.length).put(header).flip());
    for (Tensor tensor : tensors.values()) {
      for (long at = 0; at < tensor.values.byteSize(); at += PART) {
        long part = Math.min(PART, tensor.values.byteSize() - at);
        writeFully(out, tensor.values.asSlice(at, part).asByteBuffer());
      }
    }
  }

  static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
