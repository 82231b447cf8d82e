package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The task ledger. A claim hands out a {@link Lease}; its attempt number fences every later message
 * about that task, so a message of a worker that lost its lease changes no row, and the worker gets
 * to know. Time is the database's.
 */
public final class Tasks {
  private final Database database;
  private final LeaseTerms terms;
  private final RememberedLine line = new RememberedLine();

  public Tasks(Database database, LeaseTerms terms) {
    this.database = database;
    this.terms = terms;
  }

  /**
   * Hands out ready tasks, of the tenant whose share is furthest behind: those of the most urgent
   * and oldest job first, and within it in the order of its plan.
   *
   * @param machine where the worker runs; devices of two machines may have the same name
   * @param most how many at most
   */
  public List<Task> claim(WorkerCard worker, String machine, int most) {
    return database
        .once(
            "claim for worker " + worker.id(),
            session ->
                Claims.claim(session, List.of(new Seeker(worker, machine, null)), most, terms))
        .stream()
        .map(Claims.HandedOut::task)
        .toList();
  }

  /**
   * Hands out a task to each of some workers in one statement, as long as there are any. It costs
   * little more than a claim for one of them. A worker that it gives nothing may be given a task by
   * a claim of its own: one that is of the line behind tasks which the worker failed.
   *
   * @param seekers one or more, which are all {@link Seeker#isLike like each other}
   * @return the tasks of those that were given one
   */
  public Map<WorkerId, Task> claim(List<Seeker> seekers) {
    if (IntStream.range(1, seekers.size())
        .anyMatch(
            i -> !seekers.subList(0, i).stream().allMatch(one -> one.isLike(seekers.get(i))))) {
      throw new IllegalArgumentException("workers that are not like each other: " + seekers);
    }
    return database
        .once(
            "claim for workers " + seekers.stream().map(seeker -> seeker.worker().id()).toList(),
            session -> Claims.claim(session, seekers, 1, terms))
        .stream()
        .collect(Collectors.toMap(Claims.HandedOut::worker, Claims.HandedOut::task));
  }

  /** Whether any task is ready, or will be after its wait, for whichever worker. */
  public boolean anyInLine() {
    return database.once("look for a task in line", FairShares::anyInLine);
  }

  /**
   * Notes workers that wait for work without claiming any, so that they count as living.
   *
   * @return how many were noted
   */
  public int seen(List<WorkerId> idle) {
    return database.transact("note who is idle", session -> Workers.see(session, idle));
  }

  /**
   * Keeps attempts alive.
   *
   * @param steps how many steps each has done
   */
  public Renewal renew(Map<Lease, Integer> steps) {
    return database.transact(
        "renew leases",
        session -> {
          Renewal renewal = Leases.renew(session, steps, terms.leaseSeconds());
          StaleMessages.count(session, "beat", steps.size() - renewal.held().size());
          return renewal;
        });
  }

  /**
   * Makes room for urgent tasks that find no free worker: their leases yield at the next heartbeat.
   *
   * @return the jobs of the tasks that are to make room
   */
  public Set<JobId> preempt() {
    return Set.copyOf(
        database.transact(
            "make room for urgent tasks",
            session -> Preemptions.ask(session, 3 * terms.sweepSeconds())));
  }

  /**
   * Records a checkpoint, from which another attempt may go on. The artifact must be durable
   * already.
   *
   * @return whether the lease still holds
   */
  public boolean checkpoint(Lease lease, Checkpoint checkpoint) {
    long task = lease.task().value();
    return database.transact(
        "checkpoint task " + task,
        session -> {
          boolean taken = Leases.keep(session, lease, checkpoint);
          boolean held = taken || Leases.holds(session, lease);
          StaleMessages.count(session, "checkpoint", taken ? 0 : 1);
          return held;
        });
  }

  /** Returns nothing if the lease was no longer held; a second report of an end is harmless. */
  public Optional<Settlement> end(Lease lease, Outcome outcome, Effort effort) {
    return end(List.of(new AttemptEnd(lease, outcome, effort))).stream().findFirst();
  }

  /**
   * Writes how attempts ended, and all that follows from it, in one transaction.
   *
   * @return a settlement for each attempt whose lease still held; the others changed nothing
   */
  public List<Settlement> end(List<AttemptEnd> reports) {
    return database.transact(
        "end attempts",
        session -> {
          List<Settlement> settled = Settlements.settle(session, terms, line, reports);
          StaleMessages.count(session, "end", reports.size() - settled.size());
          return settled;
        });
  }

  /**
   * The sweep: takes tasks back from workers that have been silent for longer than a lease, unless
   * it was the database that was away.
   *
   * @return the jobs of those tasks
   */
  public Set<JobId> expire() {
    return database.transact(
        "expire leases",
        session -> {
          Workers.forgetSilent(session);
          // Some may have been renewed since they were read and before they were locked.
          return Settlements.takeBack(
              session, terms, Leases.late(session, terms), RunningAttempt::late);
        });
  }

  /**
   * Takes back at once what a worker holds, because its process is known to have ended.
   *
   * @return the jobs it worked for
   */
  public Set<JobId> lose(WorkerId worker) {
    return database.transact(
        "take back from worker " + worker,
        session -> {
          Workers.forget(session, worker);
          return Settlements.takeBack(session, terms, Leases.heldBy(session, worker), _ -> true);
        });
  }

  /**
   * How often each kind of message came too late, or twice: {@code beat}, {@code checkpoint},
   * {@code end}.
   */
  public Map<String, Long> lateWords() {
    return database.read("count late words", StaleMessages::all);
  }

  /**
   * Has a file of a job made again that is missing or damaged. Its bytes will be the same.
   *
   * @return whether the file is being remade; false if the job was cut short, or the farm has given
   *     the file up
   */
  public boolean remake(JobId job, ArtifactId file) {
    return database.transact(
        "make artifact " + file + " again", session -> Repairs.remake(session, job, file));
  }
}
