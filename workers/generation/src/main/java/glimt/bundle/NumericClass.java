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
 * What the bits of a network's answer depend on beside its inputs: the engine's build, the
 * processor's widest instructions or the GPU's architecture, the precision, the threads, and how
 * many segments share one call. Two workers of one class give the same bytes; two of different
 * classes give the same picture.
 */
public final class NumericClass {
  /** From the widest down, as the engine chooses its kernels. */
  private static final List<String> INSTRUCTIONS =
      List.of("amx_bf16", "avx512_bf16", "avx512f", "avx2");

  /**
   * Every segment is a call of its own. To batch several is another class: kernels are chosen by
   * shape, and sum in another order.
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

  /** Such as {@code sm_90}. */
  private static String architecture(int gpu) {
    try {
      return "sm_" + CudaUtils.getComputeCapability(gpu);
    } catch (IllegalStateException _) {
      return "gpu"; // the driver does not say
    }
  }

  private static String instructions() {
    try {
      String flags = Files.readString(Path.of("/proc/cpuinfo"), StandardCharsets.US_ASCII);
      return INSTRUCTIONS.stream().filter(flags::contains).findFirst().orElse("plain");
    } catch (IOException _) {
      return System.getProperty("os.arch"); // no Linux: say the little that is known
    }
  }
}
