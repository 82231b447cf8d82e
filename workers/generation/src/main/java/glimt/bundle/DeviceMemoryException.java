package glimt.bundle;

/**
 * Thrown when a network's weights exceed the memory that a device sets aside for weights. A device
 * with more memory may still run the network.
 */
public final class DeviceMemoryException extends RuntimeException {
  /**
   * Builds the message from the sizes.
   *
   * @param network the name of the network
   * @param needed the size of its weights in bytes
   * @param budget the number of bytes that the device sets aside for weights
   */
  public DeviceMemoryException(String network, long needed, long budget) {
    super(
        "network %s has %s MB of weights, but this worker's device holds at most %s MB; use a worker with more memory"
            .formatted(network, megabytes(needed), budget >> 20));
  }

  private static long megabytes(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }
}
