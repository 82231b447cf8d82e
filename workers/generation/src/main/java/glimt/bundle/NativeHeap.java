package glimt.bundle;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The heap of the C library, from which libtorch takes its tensors. What is done here concerns
 * glibc; other libraries are left as they are.
 */
@SuppressWarnings("restricted") // called as malloc_trim(3) and mallopt(3) have it
final class NativeHeap {
  private static final int TRIM_THRESHOLD = -1;
  private static final int MMAP_THRESHOLD = -3;

  /** Tensors of pictures and clips are larger, nearly all others smaller. */
  private static final int LARGE = 1 << 22;

  /** The most that glibc takes, and what it comes to by itself once much was freed. */
  private static final int LARGEST = 1 << 25;

  private static final Linker LINKER = Linker.nativeLinker();

  private static final Optional<MethodHandle> TRIM =
      handle("malloc_trim", ValueLayout.JAVA_LONG); // there is one in glibc only

  /** Absent too if the environment says what is large. */
  private static final Optional<MethodHandle> OPTION =
      TRIM.filter(_ -> System.getenv("MALLOC_MMAP_THRESHOLD_") == null)
          .flatMap(_ -> handle("mallopt", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

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

  /**
   * Gives large tensors pages of their own until {@link #reuse}, so that they go back as soon as
   * they are freed. The kernel has to clear each page, which takes a tenth of a network's time.
   */
  static void map() {
    set(MMAP_THRESHOLD, LARGE);
  }

  /** Takes tensors from what was freed, as glibc does by itself. */
  static void reuse() {
    set(MMAP_THRESHOLD, LARGEST);
    set(TRIM_THRESHOLD, 2 * LARGEST);
  }

  private static void set(int option, int value) {
    if (OPTION.isPresent()) {
      try {
        int _ = (int) OPTION.get().invokeExact(option, value);
      } catch (Throwable impossible) {
        throw new IllegalStateException("mallopt throws nothing", impossible);
      }
    }
  }

  private static Optional<MethodHandle> handle(String function, MemoryLayout... arguments) {
    return LINKER
        .defaultLookup()
        .find(function)
        .map(
            at ->
                LINKER.downcallHandle(at, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments)));
  }
}
