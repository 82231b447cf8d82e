package glimt.coordinator;

import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.WorkerCard;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/**
 * Everything the nodes say to each other, on one page. A message is a hint or a delivery, never the
 * truth: losing one costs time, never correctness.
 */
public interface Protocol {

  /** Whatever crosses the wire, as CBOR. */
  interface Wire {}

  /** By which the receptionist knows every coordinator. */
  ServiceKey<ToCoordinator> COORDINATORS = ServiceKey.create(ToCoordinator.class, "coordinators");

  /** By which the receptionist knows every worker. */
  ServiceKey<ToWorker> WORKERS = ServiceKey.create(ToWorker.class, "workers");

  // ---- to a coordinator: any of them will do

  sealed interface ToCoordinator extends Coordinator.CoordinatorMessage, Wire {}

  /** There may be ready tasks. */
  record TasksReady() implements ToCoordinator {}

  /** Send me work. Said again every heartbeat while there is none. */
  record Idle(WorkerCard worker, ActorRef<ToWorker> at) implements ToCoordinator {}

  /** I still hold this lease, and this many steps are done. */
  record Beat(Lease lease, int step, ActorRef<ToWorker> from) implements ToCoordinator {}

  /** From here another attempt may go on. */
  record Checkpointed(Lease lease, Checkpoint checkpoint) implements ToCoordinator {}

  /** This attempt is over. Said again until it is {@link Heard}. */
  record Ended(Lease lease, Outcome outcome, Effort effort, ActorRef<ToWorker> from)
      implements ToCoordinator {}

  // ---- to a worker

  sealed interface ToWorker extends Wire {}

  record Run(Task task) implements ToWorker {}

  /** The lease is gone: stop between two steps, say nothing more about it. */
  record Abandon(Lease lease) implements ToWorker {}

  /** Your ending is written, or was in vain; either way you are free. */
  record Heard(Lease lease) implements ToWorker {}

  /** Somebody looks at this job now: show previews for the next few seconds. */
  record Watched(JobId job) implements ToWorker {}

  /** The job's owner cancelled it: beat at once, to hear that the lease is gone. */
  record Cancelled(JobId job) implements ToWorker {}

  record Describe(ActorRef<WorkerView> to) implements ToWorker {}

  // ---- from workers and coordinators to whoever watches a job

  sealed interface Live extends Wire {
    JobId job();
  }

  /** The job has new durable events, or may have; read the rows. */
  record Advanced(JobId job) implements Live {}

  record Progress(JobId job, String level, int ordinal, int step, int steps) implements Live {}

  /**
   * What a running task's clean sample looks like so far.
   *
   * @param mediaType {@code image/jpeg} for a sprite sheet, {@code application/vnd.glimt.points}
   *     for packed points
   * @param frames in the sprite sheet, row by row; 0 for points
   * @param columns of the sprite sheet; 0 for points
   * @param bytes at most 64 KiB
   */
  record Previewed(
      JobId job,
      String level,
      int ordinal,
      int step,
      int steps,
      String mediaType,
      int frames,
      int columns,
      byte[] bytes)
      implements Live {
    /** What fits a frame of the wire with room to spare. */
    public static final int BYTES_LIMIT = 64 * 1024;

    public Previewed {
      if (bytes.length > BYTES_LIMIT) {
        throw new IllegalArgumentException(
            "a preview has at most %s bytes, not %s".formatted(BYTES_LIMIT, bytes.length));
      }
    }
  }

  // ---- who works here

  /**
   * @param lease what it holds now
   */
  record WorkerView(WorkerCard worker, Optional<JobId> job, Optional<Lease> lease, int step)
      implements Wire {}
}
