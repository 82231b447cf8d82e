package glimt.bundle;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Copies values into aligned memory of the C library. The JVM limits the memory that it allocates
 * itself to the size of its heap, and weights are larger.
 */
@SuppressWarnings("restricted") // the C library's functions are called as the C standard has them
final class NativeCopy {
  /** The alignment in bytes of the vectors in which libtorch reads values. */
  private static final long ALIGNMENT = 64;

  private static final Linker LINKER = Linker.nativeLinker();

  private static final MethodHandle ALIGNED_ALLOC =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("aligned_alloc"),
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

  private static final MethodHandle FREE =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("free"),
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

  private NativeCopy() {}

  /**
   * Copies values.
   *
   * @param arena frees the copy when it is closed
   * @throws BundleException if the machine has not enough memory
   */
  static MemorySegment of(MemorySegment values, Arena arena) {
    long size = Math.max(1, (values.byteSize() + ALIGNMENT - 1) / ALIGNMENT) * ALIGNMENT;
    MemorySegment copy = allocated(size);
    if (copy.equals(MemorySegment.NULL)) {
      throw new BundleException(
          "there is no memory for a copy of %s bytes of weights".formatted(size));
    }
    return copy.reinterpret(size, arena, NativeCopy::free)
        .asSlice(0, values.byteSize())
        .copyFrom(values);
  }

  private static MemorySegment allocated(long size) {
    try {
      return (MemorySegment) ALIGNED_ALLOC.invokeExact(ALIGNMENT, size);
    } catch (Throwable impossible) {
      throw new IllegalStateException("aligned_alloc throws nothing", impossible);
    }
  }

  private static void free(MemorySegment copy) {
    try {
      FREE.invokeExact(copy);
    } catch (Throwable impossible) {
      throw new IllegalStateException("free throws nothing", impossible);
    }
  }
}
