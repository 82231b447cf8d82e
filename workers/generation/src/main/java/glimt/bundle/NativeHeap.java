package glimt.bundle;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The heap of the C library, from which libtorch takes its tensors. */
@SuppressWarnings("restricted") // malloc_trim is called as malloc_trim(3) has it
final class NativeHeap {
  private static final Linker LINKER = Linker.nativeLinker();

  /** There is one in glibc only. */
  private static final Optional<MethodHandle> TRIM =
      LINKER.defaultLookup().find("malloc_trim").map(NativeHeap::trimming);

  private NativeHeap() {}

  /**
   * Gives memory that was freed back to the machine. By itself glibc does so only with what lies
   * behind everything that is still in use.
   */
  static void giveBack() {
    if (TRIM.isPresent()) {
      try {
        int _ = (int) TRIM.get().invokeExact(0L);
      } catch (Throwable impossible) {
        throw new IllegalStateException("malloc_trim throws nothing", impossible);
      }
    }
  }

  private static MethodHandle trimming(MemorySegment function) {
    return LINKER.downcallHandle(
        function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
  }
}
