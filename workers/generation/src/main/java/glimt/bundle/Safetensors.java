package glimt.bundle;

import glimt.bundle.SafetensorsHeader.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Named tensors in one file: eight bytes of header length, a JSON header, then the raw
 * little-endian values, row-major, without gaps.
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
   * @param values the raw little-endian values; shared, not to be written to
   */
  public record Tensor(Dtype dtype, List<Long> shape, ByteBuffer values) {
    public Tensor {
      shape = List.copyOf(shape);
      values = values.slice().order(ByteOrder.LITTLE_ENDIAN);
      if (count(shape) * dtype.bytes != values.capacity()) {
        throw new IllegalArgumentException(
            "shape %s of %s does not take %s bytes".formatted(shape, dtype, values.capacity()));
      }
    }

    public static Tensor of(float[] values, long... shape) {
      ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values);
      return new Tensor(Dtype.F32, Arrays.stream(shape).boxed().toList(), bytes);
    }

    public static Tensor of(long[] values, long... shape) {
      ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asLongBuffer().put(values);
      return new Tensor(Dtype.I64, Arrays.stream(shape).boxed().toList(), bytes);
    }

    /** How many values it holds. */
    public int size() {
      return values.capacity() / dtype.bytes;
    }

    /** The raw values, from the first, as a view of its own. */
    public ByteBuffer bytes() {
      return values.duplicate().order(ByteOrder.LITTLE_ENDIAN).rewind();
    }

    /** The values as 32-bit floats, whatever the file keeps. */
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
      return new Tensor(wanted, shape, out.flip());
    }

    private static short bfloat16(float value) {
      int bits = Float.floatToRawIntBits(value);
      if (Float.isNaN(value)) {
        return (short) ((bits >>> 16) | 0x40);
      }
      return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
  }

  private static final long LONGEST_HEADER = 16 << 20;

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

  public static Safetensors read(Path file) {
    try {
      return parse(file.toString(), Files.readAllBytes(file));
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    }
  }

  /** Reads a file already in memory; {@code file} names it in errors. */
  public static Safetensors parse(String file, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 8) {
      throw bad(file, "it is too short to hold a header length");
    }
    long headerLength = in.getLong();
    if (headerLength < 2 || headerLength > Math.min(LONGEST_HEADER, bytes.length - 8L)) {
      throw bad(file, "its header length " + headerLength + " does not fit in the file");
    }
    int data = 8 + (int) headerLength;
    SafetensorsHeader header =
        SafetensorsHeader.parse(file, new String(bytes, 8, data - 8, StandardCharsets.UTF_8));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    long end = 0;
    for (Entry entry : header.entries()) {
      if (entry.begin() != end) {
        throw bad(
            file,
            "tensor %s begins at byte %s where %s is expected: tensors overlap or leave a gap"
                .formatted(entry.name(), entry.begin(), end));
      }
      end = entry.end();
      if (end > bytes.length - data) {
        throw bad(
            file,
            "tensor %s ends at byte %s but the file holds only %s bytes of values"
                .formatted(entry.name(), end, bytes.length - data));
      }
      tensors.put(
          entry.name(),
          new Tensor(
              entry.dtype(),
              entry.shape(),
              in.slice(data + (int) entry.begin(), (int) (end - entry.begin()))));
    }
    if (end != bytes.length - data) {
      throw bad(file, (bytes.length - data - end) + " bytes trail after its last tensor");
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
    int values = tensors.values().stream().mapToInt(tensor -> tensor.values.capacity()).sum();
    ByteBuffer out =
        ByteBuffer.allocate(Math.addExact(8 + header.length, values))
            .order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(header.length).put(header);
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
        writeFully(out, ByteBuffer.wrap(bytes()));
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

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
