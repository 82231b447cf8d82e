package glimt.worker;

import glimt.coordinator.Cadence;
import glimt.coordinator.Node;
import glimt.coordinator.Node.NodeRole;
import glimt.job.WorkerCard;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.pekko.actor.typed.ActorRef;

/** Runs a worker as the main task of a process. */
public final class WorkerProcess {
  /** Shorter than the phase {@code before-service-unbind} of the node's shutdown. */
  private static final Duration HAND_BACK_WITHIN = Duration.ofSeconds(9);

  /** The exit code of a process that ended itself because a step hung. */
  public static final int HUNG = 70;

  /** The exit code after a second signal, as a shell reports it for SIGTERM. */
  private static final int TOLD_TWICE = 143;

  private WorkerProcess() {}

  /**
   * Works until the process is told to stop. At the first SIGTERM or SIGINT the worker saves a
   * checkpoint at the end of the current step, hands its task back, and leaves the cluster; at the
   * second signal of the same kind the process ends at once. It also ends at once when its standard
   * input is closed, which means that its parent is dead; its lease then expires. A hanging step
   * ends it with {@link #HUNG}.
   *
   * <p>Returns when this node has left the cluster, or was removed from it. The process should then
   * end, and its parent start a new one.
   *
   * @param parent the {@link Node#address} of the parent process, whose cluster it joins
   * @param card the worker's description of itself
   */
  public static void run(String parent, WorkerCard card, Maker maker, Cadence cadence) {
    endWithParent();
    Node node = Node.join(parent, Set.of(NodeRole.WORKER), card.id().value());
    ExecutorService slot =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("slot").factory());
    ActorRef<Worker.WorkerMessage> worker =
        node.spawn(
            Worker.create(
                card, maker, slot, node.feed(), cadence, () -> Runtime.getRuntime().halt(HUNG)),
            "worker");
    node.beforeLeaving("hand back", () -> node.ask(worker, Worker.Leave::new, HAND_BACK_WITHIN));
    leaveOn("TERM", node);
    leaveOn("INT", node);
    node.stopped().toCompletableFuture().join();
  }

  /**
   * Leaves the cluster at the first signal, and ends the process at the second. Each kind of signal
   * is counted by itself, because Ctrl-C in a terminal sends SIGINT and makes the parent send
   * SIGTERM.
   */
  private static void leaveOn(String signal, Node node) {
    AtomicBoolean told = new AtomicBoolean();
    StopSignal.handle(
        signal,
        () -> {
          if (told.getAndSet(true)) {
            Runtime.getRuntime().halt(TOLD_TWICE);
          }
          Thread.ofPlatform().name("leave").start(node::close);
        });
  }

  private static void endWithParent() {
    Thread.ofPlatform()
        .daemon()
        .name("parent")
        .start(
            () -> {
              try {
                // The parent keeps the stream open as long as it lives; its content has no meaning.
                System.in.transferTo(OutputStream.nullOutputStream());
              } catch (IOException e) {
                // A broken stream counts as closed.
              }
              Runtime.getRuntime().halt(0);
            });
  }
}
