package glimt.deploy.node;

import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Protocol.WorkerView;
import glimt.job.WorkerId;
import glimt.ledger.Tasks;
import glimt.storage.StorageException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Supervises the worker processes of this node, one per device slot. When a process ends, its tasks
 * are taken back at once and another process is started, after a pause that doubles while processes
 * end soon after their start. A worker that does not answer is killed; one whose step hangs ends
 * itself.
 */
public final class Slots implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Slots.class);

  private static final Duration FIRST_REST = Duration.ofMillis(100);
  private static final Duration LAST_REST = Duration.ofSeconds(30);

  /** A process that lived this long has started well, so the pause is reset. */
  private static final Duration LONG_LIFE = Duration.ofSeconds(10);

  /** How long a worker may be silent once it has answered. */
  private static final Duration SILENCE = Duration.ofMinutes(3);

  /**
   * How long it may take to answer first. It loads its engine and verifies all weights, which may
   * be a hundred GB.
   */
  private static final Duration START = Duration.ofMinutes(30);

  /** How long a worker may take to finish its step, hand back its task and exit. */
  private static final Duration LEAVE_WITHIN = Duration.ofSeconds(20);

  /**
   * Makes the command of a worker's process. Its standard input is a pipe from this process, so
   * that it ends when this process does.
   */
  @FunctionalInterface
  public interface Launch {
    ProcessBuilder worker(int slot, WorkerId id);
  }

  private final Launch launch;
  private final Tasks tasks;
  private final Farm farm;
  private final Cadence cadence;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<Slot> slots;

  private Slots(int count, Launch launch, Tasks tasks, Farm farm, Cadence cadence) {
    this.launch = launch;
    this.tasks = tasks;
    this.farm = farm;
    this.cadence = cadence;
    this.slots = IntStream.range(0, count).mapToObj(Slot::new).toList();
  }

  /** Starts {@code count} worker processes; returns before they answer. */
  public static Slots start(int count, Launch launch, Tasks tasks, Farm farm, Cadence cadence) {
    Slots started = new Slots(count, launch, tasks, farm, cadence);
    started.slots.forEach(slot -> slot.thread.start());
    Thread.ofVirtual().name("slots").start(started::guard);
    return started;
  }

  /** Asks all workers to hand back their tasks and exit; kills those that do not in time. */
  @Override
  public void close() {
    closing.countDown();
    slots.forEach(slot -> slot.end(ProcessHandle::destroy));
    long end = System.nanoTime() + LEAVE_WITHIN.toNanos();
    try {
      for (Slot slot : slots) {
        if (!slot.thread.join(Duration.ofNanos(Math.max(1, end - System.nanoTime())))) {
          slot.end(ProcessHandle::destroyForcibly);
          slot.thread.join();
        }
      }
    } catch (InterruptedException e) {
      slots.forEach(slot -> slot.end(ProcessHandle::destroyForcibly));
      Thread.currentThread().interrupt();
    }
  }

  private void guard() {
    while (!closesWithin(cadence.sweep())) {
      try {
        List<WorkerView> views = farm.workers().toCompletableFuture().join();
        slots.forEach(slot -> slot.judge(views));
      } catch (CompletionException e) {
        LOG.warn("could not ask the workers whether they are alive", e);
      }
    }
  }

  private boolean closesWithin(Duration wait) {
    try {
      return closing.await(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** A device slot, which runs one process after another. */
  private final class Slot {
    private final int number;
    private final Thread thread;
    private volatile @Nullable Life life;

    Slot(int number) {
      this.number = number;
      this.thread = Thread.ofVirtual().name("slot-" + number).unstarted(this::keepAlive);
    }

    private void keepAlive() {
      Duration rest = FIRST_REST;
      do {
        long began = System.nanoTime();
        liveOnce();
        if (System.nanoTime() - began > LONG_LIFE.toNanos()) {
          rest = FIRST_REST;
        } else {
          rest = rest.multipliedBy(2).compareTo(LAST_REST) < 0 ? rest.multipliedBy(2) : LAST_REST;
        }
      } while (!closesWithin(rest));
    }

    private void liveOnce() {
      String random = UUID.randomUUID().toString().substring(24);
      WorkerId id = new WorkerId("worker-%s-%s".formatted(number, random));
      try {
        Process process = launch.worker(number, id).start();
        life = new Life(id, process);
        if (closing.getCount() == 0) {
          end(ProcessHandle::destroy);
        }
        int code = process.waitFor();
        LOG.info("{} (process {}) exited with code {}", id, process.pid(), code);
      } catch (IOException e) {
        LOG.error("could not start {}", id, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        life = null;
        takeBack(id);
      }
    }

    private void takeBack(WorkerId id) {
      farm.gone(id);
      try {
        if (!tasks.lose(id).isEmpty()) {
          farm.tasksReady();
        }
      } catch (StorageException e) {
        LOG.warn("could not take back the tasks of {}; its leases will expire", id, e);
      }
    }

    /**
     * Ends the process through its handle: {@link Process#destroy} would also close the process's
     * standard input, and a worker exits at once when that closes.
     */
    private void end(Consumer<ProcessHandle> how) {
      Life now = life;
      if (now != null) {
        how.accept(now.process.toHandle());
      }
    }

    private void judge(List<WorkerView> views) {
      Life now = life;
      if (now != null && now.silent(views)) {
        LOG.warn(
            "killed {} (process {}): no answer for {}", now.id, now.process.pid(), now.patience());
        now.process.destroyForcibly();
      }
    }
  }

  /** One process of a slot, and when it answered last. */
  private static final class Life {
    private final WorkerId id;
    private final Process process;

    /** Used by the guard's thread only. */
    private long answered = System.nanoTime();

    /** Used by the guard's thread only. */
    private boolean met;

    Life(WorkerId id, Process process) {
      this.id = id;
      this.process = process;
    }

    boolean silent(List<WorkerView> views) {
      long now = System.nanoTime();
      if (views.stream().anyMatch(view -> view.worker().id().equals(id))) {
        answered = now;
        met = true;
      }
      return now - answered > patience().toNanos();
    }

    Duration patience() {
      return met ? SILENCE : START;
    }
  }
}
