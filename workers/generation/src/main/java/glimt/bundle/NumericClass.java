package glimt.bundle;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.util.cuda.CudaUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Everything other than the inputs that the bits of a network's output depend on: the version of
 * the engine, the widest vector instructions of the processor or the architecture of the GPU, the
 * precision, the number of threads, and the number of segments per call. Two workers of the same
 * class produce identical bytes; workers of different classes produce visually identical results.
 */
public final class NumericClass {
  /** Ordered from the widest down, as the engine selects its kernels. */
  private static final List<String> INSTRUCTIONS =
      List.of("amx_bf16", "avx512_bf16", "avx512f", "avx2");

  /**
   * Each segment is evaluated by a call of its own. Batching several would be a different class,
   * because kernels are selected by shape and sum in different orders.
   */
  private static final String BATCH = "batch-1";

  private NumericClass() {}

  /**
   * The class of this process on a device, such as {@code pytorch-2.7.1 cpu avx512_bf16 bfloat16
   * 1-thread batch-1}.
   */
  public static String of(Device device, Precision precision) {
    Engine engine = Engine.getEngine("PyTorch");
    return String.join(
        " ",
        "pytorch-" + engine.getVersion(),
        device.getDeviceType(),
        device.isGpu() ? architecture(device.getDeviceId()) : instructions(),
        precision.name().toLowerCase(Locale.ROOT),
        System.getProperty("ai.djl.pytorch.num_threads", "all") + "-thread",
        BATCH);
  }

  /** The compute capability, such as {@code sm_90}. */
  private static String architecture(int gpu) {
    try {
      return "sm_" + CudaUtils.getComputeCapability(gpu);
    } catch (IllegalStateException _) {
      return "gpu"; // the driver does not report its capability
    }
  }

  private static String instructions() {
    try {
      String flags = Files.readString(Path.of("/proc/cpuinfo"), StandardCharsets.US_ASCII);
      return INSTRUCTIONS.stream().filter(flags::contains).findFirst().orElse("plain");
    } catch (IOException _) {
      return System.getProperty("os.arch"); // not Linux: only the architecture is known
    }
  }
}
