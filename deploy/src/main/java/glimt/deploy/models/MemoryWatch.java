package glimt.deploy.models;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Watches the memory of a gateway and a worker, and the machine's, five times a second. */
final class MemoryWatch implements AutoCloseable {
  /** Below this the machine is about to end processes; the measurement ends first. */
  static final long RESERVE = 1_000_000_000;

  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile ProcessMemory gateway = ProcessMemory.NONE;
  private volatile ProcessMemory worker = ProcessMemory.NONE;
  private final AtomicBoolean lacks = new AtomicBoolean();
  private final Thread thread;

  /**
   * Begins to watch.
   *
   * @param whenShort runs if the machine has hardly any memory left
   */
  MemoryWatch(long gatewayPid, long workerPid, Runnable whenShort) {
    thread =
        Thread.ofPlatform()
            .daemon()
            .name("memory")
            .start(
                () -> {
                  do {
                    gateway = gateway.or(ProcessMemory.of(gatewayPid));
                    worker = worker.or(ProcessMemory.of(workerPid));
                    if (ProcessMemory.available() < RESERVE && !lacks.getAndSet(true)) {
                      whenShort.run();
                    }
                  } while (!closesSoon());
                });
  }

  private boolean closesSoon() {
    try {
      return closing.await(200, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return true;
    }
  }

  /** The most that the gateway held. */
  ProcessMemory gateway() {
    return gateway;
  }

  /** The most that the worker held. */
  ProcessMemory worker() {
    return worker;
  }

  /** Whether the machine ran short. */
  boolean ranShort() {
    return lacks.get();
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
