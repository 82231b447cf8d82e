package glimt.deploy;

import glimt.job.WorkerId;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker processes of this machine, one a device slot. One that exits is started again, at once
 * if it lived long, and else after a pause that doubles.
 */
final class Slots implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Slots.class);

  private static final Duration LONG_LIFE = Duration.ofSeconds(20);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** A little more than a worker takes to finish its step and leave the cluster. */
  private static final Duration LEAVE_WITHIN = Duration.ofSeconds(15);

  /** Says how the process of a slot is started. */
  @FunctionalInterface
  interface Start {
    ProcessBuilder process(int slot, WorkerId id);
  }

  private final Start start;
  private final Consumer<WorkerId> gone;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final List<Process> running = new CopyOnWriteArrayList<>();
  private final List<Thread> keepers = new CopyOnWriteArrayList<>();

  private Slots(Start start, Consumer<WorkerId> gone) {
    this.start = start;
    this.gone = gone;
  }

  /**
   * @param gone hears of every worker whose process ended
   */
  static Slots start(int count, Start start, Consumer<WorkerId> gone) {
    Slots slots = new Slots(start, gone);
    for (int i = 0; i < count; i++) {
      int slot = i;
      slots.keepers.add(Thread.ofVirtual().name("slot-" + slot).start(() -> slots.keep(slot)));
    }
    return slots;
  }

  /** Lets every worker hand back what it does, and ends those that cannot. */
  @Override
  public void close() {
    stopping.countDown();
    running.forEach(Process::destroy);
    long deadline = System.nanoTime() + LEAVE_WITHIN.toNanos();
    try {
      for (Process process : running) {
        if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          LOG.warn("worker process {} did not leave in time", process.pid());
          process.destroyForcibly();
        }
      }
      for (Thread keeper : keepers) {
        keeper.join();
      }
    } catch (InterruptedException e) {
      running.forEach(Process::destroyForcibly);
      Thread.currentThread().interrupt();
    }
  }

  private void keep(int slot) {
    Duration pause = SHORTEST_PAUSE;
    try {
      do {
        long born = System.nanoTime();
        live(slot);
        boolean lived = System.nanoTime() - born > LONG_LIFE.toNanos();
        pause = lived ? SHORTEST_PAUSE : shorter(pause.multipliedBy(2), LONGEST_PAUSE);
      } while (!stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One worker, from its start to its end. */
  private void live(int slot) throws InterruptedException {
    WorkerId id = new WorkerId("worker-%d-%s".formatted(slot, UUID.randomUUID()));
    Process process;
    try {
      process = start.process(slot, id).start();
    } catch (IOException e) {
      LOG.error("{} could not be started", id, e);
      return;
    }
    running.add(process);
    if (stopping.getCount() == 0) {
      process.destroy();
    }
    LOG.info("{} is process {}", id, process.pid());
    int code = process.waitFor();
    running.remove(process);
    LOG.info("{} ended with {}", id, code);
    if (stopping.getCount() > 0) {
      gone.accept(id);
    }
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }
}
