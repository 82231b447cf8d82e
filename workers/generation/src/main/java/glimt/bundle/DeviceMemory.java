package glimt.bundle;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How much memory a device has, and what of it weights may take. */
public final class DeviceMemory {
  private DeviceMemory() {}

  /**
   * What weights may take: the rest is for what a network computes, and on a CPU for everything
   * else that the machine does. Mapped weights count too, although the system can take them back,
   * for to read them again and again from disk is no way to work.
   */
  public static long forWeights(Device device) {
    return device.isGpu() ? total(device) / 5 * 4 : total(device) / 2;
  }

  /** All of its memory, in bytes; of a CPU what the machine has, or what its container may use. */
  public static long total(Device device) {
    if (device.isGpu()) {
      return CudaUtils.getGpuMemory(device).getMax();
    }
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }
}
