package glimt.bundle;

/** A network whose weights are more than a device sets aside for them. Another may have more. */
public final class DeviceMemoryException extends RuntimeException {
  /**
   * @param network named in the message
   * @param needed bytes of its weights
   * @param budget bytes that the device sets aside
   */
  public DeviceMemoryException(String network, long needed, long budget) {
    super(
        "network %s has %s MB of weights, and this worker keeps at most %s MB on its device; a worker with more memory can run it"
            .formatted(network, megabytes(needed), budget >> 20));
  }

  private static long megabytes(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }
}
