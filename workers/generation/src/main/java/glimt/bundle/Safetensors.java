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
 * Named tensors in one file: eight bytes of header length, a JSON header, then the raw
 * little-endian values, row-major, without gaps.
 *
 * <p>{@link #map} leaves the values in the file and shows them through the page cache, which all
 * processes of a machine share: weights of many GB cost no heap. {@link #read} and {@link #parse}
 * hold them in the heap, for what is small or about to change.
 *
 * <p>Reading is strict, because a file that lies about its offsets must never reach native code:
 * each violation is a {@link BundleException} that names the file and the cause.
 *
 * @param tensors by name, in the order of their bytes in the file
 * @param metadata free strings kept beside them
 */
public record Safetensors(Map<String, Tensor> tensors, Map<String, String> metadata) {

  /** The number formats glimt reads; it writes F32, BF16 and I64. */
  public enum Dtype {
    F32(4),
    F16(2),
    BF16(2),
    I64(8);

    final int bytes;

    Dtype(int bytes) {
      this.bytes = bytes;
    }
  }

  /**
   * One tensor.
   *
   * @param shape row-major, possibly empty for a scalar
   * @param values the raw little-endian values, in the heap or in a mapped file; not to be written
   *     to
   */
  public record Tensor(Dtype dtype, List<Long> shape, MemorySegment values) {
    public Tensor {
      shape = List.copyOf(shape);
      values = values.asReadOnly();
      if (count(shape) * dtype.bytes != values.byteSize()) {
        throw new IllegalArgumentException(
            "shape %s of %s does not take %s bytes".formatted(shape, dtype, values.byteSize()));
      }
    }

    public static Tensor of(float[] values, long... shape) {
      ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values);
      return new Tensor(Dtype.F32, boxed(shape), MemorySegment.ofBuffer(bytes));
    }

    public static Tensor of(long[] values, long... shape) {
      ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asLongBuffer().put(values);
      return new Tensor(Dtype.I64, boxed(shape), MemorySegment.ofBuffer(bytes));
    }

    private static List<Long> boxed(long... shape) {
      return Arrays.stream(shape).boxed().toList();
    }

    /**
     * How many values it holds.
     *
     * @throws ArithmeticException if no Java array can hold as many
     */
    public int size() {
      return Math.toIntExact(values.byteSize() / dtype.bytes);
    }

    /**
     * The raw values, from the first, as a view of its own.
     *
     * @throws UnsupportedOperationException if they are more than 2 GB
     */
    public ByteBuffer bytes() {
      return values.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The values as 32-bit floats in the heap, whatever the file keeps. */
    public float[] floats() {
      ByteBuffer in = bytes();
      float[] out = new float[size()];
      for (int i = 0; i < out.length; i++) {
        out[i] =
            switch (dtype) {
              case F32 -> in.getFloat();
              case F16 -> Float.float16ToFloat(in.getShort());
              case BF16 -> Float.intBitsToFloat(in.getShort() << 16);
              case I64 -> in.getLong();
            };
      }
      return out;
    }

    public long[] longs() {
      if (dtype != Dtype.I64) {
        throw new IllegalStateException("a tensor of " + dtype + " holds no whole numbers");
      }
      long[] out = new long[size()];
      bytes().asLongBuffer().get(out);
      return out;
    }

    /** Whether kind, shape and every bit agree. */
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

    public long[] dimensions() {
      return shape.stream().mapToLong(Long::longValue).toArray();
    }

    /** The same values kept as {@code F32} or {@code BF16}, rounded to nearest, ties to even. */
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
          case BF16 -> out.putShort(bfloat16(value));
          case F16, I64 -> throw new IllegalArgumentException("weights are not kept as " + wanted);
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

  /** How many bytes of a tensor are written at once. */
  private static final long PART = 1 << 20;

  public Safetensors {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    metadata = Map.copyOf(metadata);
  }

  public Safetensors(Map<String, Tensor> tensors) {
    this(tensors, Map.of());
  }

  public Tensor get(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new BundleException("there is no tensor " + name + " among " + tensors.keySet());
    }
    return tensor;
  }

  /** All tensors kept as {@code dtype}. */
  public Safetensors as(Dtype dtype) {
    Map<String, Tensor> out = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> out.put(name, tensor.as(dtype)));
    return new Safetensors(out, metadata);
  }

  // ---- reading

  /** Reads a file into the heap. */
  public static Safetensors read(Path file) {
    try {
      return parse(file.toString(), Files.readAllBytes(file));
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    }
  }

  /** Reads a file already in memory; {@code file} names it in errors. */
  public static Safetensors parse(String file, byte[] bytes) {
    return of(file, MemorySegment.ofArray(bytes));
  }

  /**
   * Maps a file: only its header is read now, and a value when it is looked at. The mapping ends
   * when nothing refers to its tensors any more.
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
    return new BundleException(file + " is no safetensors file: " + why);
  }

  // ---- writing

  /** The file's bytes. The same tensors and metadata always give the same. */
  public byte[] bytes() {
    byte[] header = SafetensorsHeader.of(this).bytes();
    long values = tensors.values().stream().mapToLong(tensor -> tensor.values.byteSize()).sum();
    ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(8 + header.length + values));
    out.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header);
    tensors.values().forEach(tensor -> out.put(tensor.bytes()));
    return out.array();
  }

  /** Writes the file whole or not at all: a temporary file beside it, flushed, then renamed. */
  public void write(Path file) {
    Path temporary = file.resolveSibling(file.getFileName() + ".part");
    try {
      try (FileChannel out =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        writeTo(out);
        out.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) { // the new name is kept only once its folder is
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

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
