package glimt.bundle;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The memory of a device, and the part of it that weights may use. */
public final class DeviceMemory {
  private DeviceMemory() {}

  /**
   * The number of bytes that weights may use: four fifths of a GPU's memory, half of the machine's
   * memory on a CPU. The rest is for activations and, on a CPU, for everything else the machine
   * does. Mapped weights count as well: the operating system could evict them, but reading them
   * from disk again for every step would be too slow.
   */
  public static long forWeights(Device device) {
    return device.isGpu() ? total(device) / 5 * 4 : total(device) / 2;
  }

  /**
   * The total memory of a device in bytes. For a CPU this is the memory of the machine, or the
   * limit of its container.
   */
  public static long total(Device device) {
    if (device.isGpu()) {
      return CudaUtils.getGpuMemory(device).getMax();
    }
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }
}
