package glimt.coordinator;

import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.WorkerCard;
import glimt.job.WorkerTimes;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.jspecify.annotations.Nullable;

/**
 * All messages between nodes. The ledger holds the state and messages only speed things up, so
 * losing one costs time but never correctness.
 */
public interface Protocol {

  /** A message that is sent between processes, as CBOR. */
  interface Wire {}

  /** The key under which all coordinators register. */
  ServiceKey<ToCoordinator> COORDINATORS = ServiceKey.create(ToCoordinator.class, "coordinators");

  /** The key under which all workers register. */
  ServiceKey<ToWorker> WORKERS = ServiceKey.create(ToWorker.class, "workers");

  // ---- to a coordinator

  /** A message to a coordinator; any one of them can handle it. */
  sealed interface ToCoordinator extends Coordinator.CoordinatorMessage, Wire {}

  /** There may be ready tasks. */
  record TasksReady() implements ToCoordinator {}

  /**
   * A worker asks for a task. It repeats this at every heartbeat while it is idle.
   *
   * @param times how it spent its life; null if it does not say
   */
  record Idle(WorkerCard worker, @Nullable WorkerTimes times, ActorRef<ToWorker> at)
      implements ToCoordinator {
    /** Asks without saying how the worker spent its life. */
    public Idle(WorkerCard worker, ActorRef<ToWorker> at) {
      this(worker, null, at);
    }
  }

  /** A heartbeat: a worker still works on a lease, and has done this many steps. */
  record Beat(Lease lease, int step, ActorRef<ToWorker> from) implements ToCoordinator {}

  /** A worker stored a checkpoint, from which another attempt can resume. */
  record Checkpointed(Lease lease, Checkpoint checkpoint) implements ToCoordinator {}

  /** An attempt has ended. The worker repeats this until it receives {@link Heard}. */
  record Ended(Lease lease, Outcome outcome, Effort effort, ActorRef<ToWorker> from)
      implements ToCoordinator {}

  // ---- to a worker

  /** A message to a worker. */
  sealed interface ToWorker extends Wire {}

  /** Assigns a task. */
  record Run(Task task) implements ToWorker {}

  /** The worker has lost the lease. It must stop after its current step, and report no end. */
  record Abandon(Lease lease) implements ToWorker {}

  /**
   * Something more urgent needs the device, or the job is paused. The worker saves a checkpoint
   * after its current step, hands the task back, and is free for another.
   */
  record Yield(Lease lease) implements ToWorker {}

  /** Acknowledges {@link Ended}, whether it was stored or came too late; the worker is free. */
  record Heard(Lease lease) implements ToWorker {}

  /** A client watches the job. Its workers make previews for the next few seconds. */
  record Watched(JobId job) implements ToWorker {}

  /**
   * The job was cancelled or paused, or is to make room. Its workers send a beat at once, and the
   * answer is {@link Abandon} or {@link Yield}.
   */
  record Changed(JobId job) implements ToWorker {}

  /** Asks a worker for a description of itself. */
  record Describe(ActorRef<WorkerView> to) implements ToWorker {}

  // ---- from workers and coordinators to the viewers of a job

  /** A message about a job to those who watch it. */
  sealed interface Live extends Wire {
    /** Returns the job that the message is about. */
    JobId job();
  }

  /** The job may have new durable events, which viewers read from the ledger. */
  record Advanced(JobId job) implements Live {}

  /**
   * A running task finished a step.
   *
   * @param ordinal the task's index in its job's plan
   * @param step the number of finished steps
   * @param steps the number of all steps
   */
  record Progress(JobId job, String level, int ordinal, int step, int steps) implements Live {}

  /**
   * A preview of a running task, made from its current estimate of the clean sample.
   *
   * @param ordinal the task's index in its job's plan
   * @param step the number of finished steps
   * @param steps the number of all steps
   * @param mediaType {@code image/jpeg} for a sprite sheet, {@code application/vnd.glimt.points}
   *     for packed points
   * @param frames the number of frames in the sprite sheet, row by row; 0 for points
   * @param columns the number of columns of the sprite sheet; 0 for points
   * @param bytes the file, at most {@link #BYTES_LIMIT} bytes
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
    /** The largest preview in bytes, well below the cluster's {@code maximum-frame-size}. */
    public static final int BYTES_LIMIT = 64 * 1024;

    public Previewed {
      if (bytes.length > BYTES_LIMIT) {
        throw new IllegalArgumentException(
            "a preview has at most %s bytes, not %s".formatted(BYTES_LIMIT, bytes.length));
      }
    }
  }

  // ---- from a worker to a view of the farm

  /**
   * A worker's description of itself, the answer to {@link Describe}.
   *
   * @param job the job that it works for; empty if it is idle
   * @param lease the lease that it holds; empty if it is idle
   * @param step the number of finished steps of its task
   */
  record WorkerView(WorkerCard worker, Optional<JobId> job, Optional<Lease> lease, int step)
      implements Wire {}
}
