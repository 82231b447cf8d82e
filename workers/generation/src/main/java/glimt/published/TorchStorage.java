package glimt.published;

import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A piece of a PyTorch file's memory that tensors look into.
 *
 * @param format of its values
 * @param key its name in the file
 * @param count of its values
 */
record TorchStorage(StorageType format, String key, long count) {

  /** PyTorch's classes of storages, and what their values become. */
  enum StorageType {
    FLOAT("FloatStorage", 4, Dtype.F32),
    /** Rounded to 32 bits, the finest that networks compute in. */
    DOUBLE("DoubleStorage", 8, Dtype.F32),
    HALF("HalfStorage", 2, Dtype.F16),
    BFLOAT16("BFloat16Storage", 2, Dtype.BF16),
    LONG("LongStorage", 8, Dtype.I64),
    INT("IntStorage", 4, Dtype.I64),
    SHORT("ShortStorage", 2, Dtype.I64),
    CHAR("CharStorage", 1, Dtype.I64),
    BYTE("ByteStorage", 1, Dtype.I64),
    BOOL("BoolStorage", 1, Dtype.I64);

    /** The class as a pickle names it. */
    final String global;

    /** How many bytes a value takes in the file. */
    final int bytes;

    final Dtype becomes;

    StorageType(String name, int bytes, Dtype becomes) {
      this.global = "torch." + name;
      this.bytes = bytes;
      this.becomes = becomes;
    }

    private boolean kept() {
      return bytes == becomes.bytes;
    }
  }

  /**
   * A tensor that looks into a storage.
   *
   * @param offset of its first value, counted in values
   * @param strides how many values further the next one is along each axis
   */
  record View(TorchStorage storage, long offset, List<Long> shape, List<Long> strides) {

    /**
     * @throws IllegalArgumentException if it reaches out of its storage, or is larger than that
     */
    View {
      shape = List.copyOf(shape);
      strides = List.copyOf(strides);
      if (shape.size() != strides.size()) {
        throw new IllegalArgumentException("shape %s with strides %s".formatted(shape, strides));
      }
      try {
        if (!fits(storage.count, offset, shape, strides)) {
          throw new IllegalArgumentException(
              "a tensor of shape %s with strides %s from value %s on does not fit in a storage of %s"
                  .formatted(shape, strides, offset, storage.count));
        }
      } catch (ArithmeticException _) {
        throw new IllegalArgumentException("the impossible shape %s".formatted(shape));
      }
    }

    private static boolean fits(long there, long offset, List<Long> shape, List<Long> strides) {
      long count = 1;
      long last = offset;
      for (int axis = 0; axis < shape.size(); axis++) {
        long extent = shape.get(axis);
        if (extent < 0 || strides.get(axis) < 0) {
          return false;
        }
        count = Math.multiplyExact(count, extent);
        last = Math.addExact(last, Math.multiplyExact(Math.max(0, extent - 1), strides.get(axis)));
      }
      return offset >= 0 && (count == 0 || (count <= there && last < there));
    }

    /**
     * Its values row by row: where they are if they are so there, else a copy outside of the heap.
     *
     * @param bytes of the storage
     */
    Tensor of(MemorySegment bytes) {
      StorageType format = storage.format;
      long count = count();
      if (count > 0 && format.kept() && rowMajor()) {
        return new Tensor(
            format.becomes, shape, bytes.asSlice(offset * format.bytes, count * format.bytes));
      }
      MemorySegment out = Arena.ofAuto().allocate(Math.max(1, count * format.becomes.bytes), 64);
      long[] place = new long[shape.size()];
      long from = offset;
      for (long to = 0; to < count; to++) {
        copy(format, bytes, from, out, to);
        for (int axis = place.length - 1; axis >= 0; axis--) {
          from += strides.get(axis);
          if (++place[axis] < shape.get(axis)) {
            break;
          }
          from -= strides.get(axis) * shape.get(axis);
          place[axis] = 0;
        }
      }
      return new Tensor(format.becomes, shape, out.asSlice(0, count * format.becomes.bytes));
    }

    private long count() {
      return shape.stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
    }

    private boolean rowMajor() {
      long stride = 1;
      for (int axis = shape.size() - 1; axis >= 0; axis--) {
        if (shape.get(axis) > 1 && strides.get(axis) != stride) {
          return false;
        }
        stride *= shape.get(axis);
      }
      return true;
    }

    private static void copy(
        StorageType format, MemorySegment in, long from, MemorySegment out, long to) {
      switch (format) {
        case FLOAT -> out.setAtIndex(INTS, to, in.getAtIndex(INTS, from));
        case HALF, BFLOAT16 -> out.setAtIndex(SHORTS, to, in.getAtIndex(SHORTS, from));
        case DOUBLE -> out.setAtIndex(FLOATS, to, (float) in.getAtIndex(DOUBLES, from));
        case LONG -> out.setAtIndex(LONGS, to, in.getAtIndex(LONGS, from));
        case INT -> out.setAtIndex(LONGS, to, in.getAtIndex(INTS, from));
        case SHORT -> out.setAtIndex(LONGS, to, in.getAtIndex(SHORTS, from));
        case CHAR -> out.setAtIndex(LONGS, to, in.get(ValueLayout.JAVA_BYTE, from));
        case BYTE, BOOL ->
            out.setAtIndex(LONGS, to, Byte.toUnsignedLong(in.get(ValueLayout.JAVA_BYTE, from)));
      }
    }
  }

  private static final ValueLayout.OfShort SHORTS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INTS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONGS =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOATS =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLES =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
}
