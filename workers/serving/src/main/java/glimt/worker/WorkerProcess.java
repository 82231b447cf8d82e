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

/** The process of one device slot, from its start to its end. */
public final class WorkerProcess {
  /** Less than the cluster waits for it when it leaves. */
  private static final Duration HAND_BACK_WITHIN = Duration.ofSeconds(9);

  /** How a process ends whose step hangs: with the code of a fault of its own. */
  public static final int HUNG = 70;

  private static final int TOLD_TWICE = 143;

  private WorkerProcess() {}

  /**
   * Works until told to stop. SIGTERM, or SIGINT, hands back what runs with a checkpoint at the
   * next step's end, and leaves the cluster; the second of its kind ends the process at once. A
   * closed standard input does that too: its parent is dead, and its lease will run out. A step
   * that hangs ends it with {@link #HUNG}.
   *
   * <p>Returns when this node is no longer of the cluster, be it that it left or that it was put
   * out; the process should end then, and a new one start.
   *
   * @param parent the {@link Node#address} by which to join
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

  /** Ctrl-C in a terminal is followed by the parent's SIGTERM, so each is counted alone. */
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
                // What it says does not matter, only that it lives.
                System.in.transferTo(OutputStream.nullOutputStream());
              } catch (IOException e) {
                // As good as closed.
              }
              Runtime.getRuntime().halt(0);
            });
  }
}
