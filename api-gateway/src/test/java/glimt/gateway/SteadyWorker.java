package glimt.gateway;

import glimt.coordinator.Protocol;
import glimt.job.Task;
import glimt.job.Work;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Does whatever tasks there are, one after the other, and shows a preview of each. Those of jobs
 * whose prompt says "slowly" show previews of half the work until {@link #goOn} is called, so that
 * a client can watch them for as long as it needs.
 */
final class SteadyWorker implements AutoCloseable {
  static final byte[] PREVIEW = "a preview".getBytes(StandardCharsets.UTF_8);

  private final RealFarm farm;
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final List<Task> held = new ArrayList<>();
  private final ScheduledFuture<?> working;
  private volatile boolean waiting = true;

  SteadyWorker(RealFarm farm) {
    this.farm = farm;
    working = thread.scheduleWithFixedDelay(this::work, 0, 20, TimeUnit.MILLISECONDS);
  }

  void goOn() {
    waiting = false;
  }

  private void work() {
    held.addAll(farm.claim());
    for (Task task : List.copyOf(held)) {
      if (task.work() instanceof Work.Sample sample) {
        farm.feed.publish(new Protocol.Progress(task.job(), sample.level(), 0, 4, 8));
        farm.feed.publish(
            new Protocol.Previewed(
                task.job(), sample.level(), 0, 4, 8, "image/jpeg", 1, 1, PREVIEW));
      }
      if (!waiting || !task.spec().prompt().contains("slowly")) {
        held.remove(task);
        farm.succeed(task);
      }
    }
  }

  @Override
  public void close() {
    thread.close();
    if (working.state() == Future.State.FAILED) {
      throw new AssertionError("the worker failed", working.exceptionNow());
    }
  }
}
