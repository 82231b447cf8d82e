package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How the end of attempts is settled: the statements of one transaction. It locks the rows of the
 * jobs first and those of the tasks then, each in the order of their ids.
 */
final class Settlements {
  private static final int WHY_LIMIT = 1000;

  private final Session session;
  private final LeaseTerms terms;
  private final RememberedLine line;
  private final LockedJobs jobs;
  private final Retries retries;

  private Settlements(
      Session session, LeaseTerms terms, RememberedLine line, Collection<Lease> leases)
      throws SQLException {
    this.session = session;
    this.terms = terms;
    this.line = line;
    this.jobs = LockedJobs.of(session, leases.stream().map(Lease::task).toList());
    this.retries = new Retries(session, jobs, terms);
  }

  /**
   * Settles what workers reported; the first report on an attempt counts.
   *
   * @return a settlement for each attempt whose lease still held; the others changed nothing
   */
  static List<Settlement> settle(
      Session session, LeaseTerms terms, RememberedLine line, List<AttemptEnd> reports)
      throws SQLException {
    Map<Lease, AttemptEnd> ends = new LinkedHashMap<>();
    reports.forEach(end -> ends.putIfAbsent(end.lease(), end));
    return new Settlements(session, terms, line, ends.keySet()).settle(ends);
  }

  private List<Settlement> settle(Map<Lease, AttemptEnd> reports) throws SQLException {
    EndedAttempts ended = new EndedAttempts();
    Map<RunningAttempt, Outcome> outcomes = new LinkedHashMap<>();
    Map<RunningAttempt, Outcome.Succeeded> successes = new LinkedHashMap<>();
    for (RunningAttempt attempt : RunningAttempt.lock(session, reports.keySet(), terms)) {
      AttemptEnd report = Objects.requireNonNull(reports.get(attempt.lease()));
      Outcome outcome = accepted(attempt, report.outcome());
      ended.addReported(attempt, new AttemptEnd(attempt.lease(), outcome, report.effort()));
      outcomes.put(attempt, outcome);
      if (outcome instanceof Outcome.Succeeded succeeded) {
        successes.put(attempt, succeeded);
      }
    }
    ended.write(session);
    Map<Lease, AttemptEnd> late = new LinkedHashMap<>(reports);
    outcomes.keySet().forEach(attempt -> late.remove(attempt.lease()));
    LateReports.note(session, late.values());
    Collection<JobId> advanced = Successes.succeed(session, jobs, line, successes);
    Set<Lease> freed = new HashSet<>();
    for (var end : outcomes.entrySet()) {
      RunningAttempt attempt = end.getKey();
      boolean ready =
          successes.containsKey(attempt)
              ? advanced.contains(attempt.job())
              : tryAgain(attempt, end.getValue());
      if (ready) {
        freed.add(attempt.lease());
      }
    }
    List<Settlement> settlements = new ArrayList<>();
    for (RunningAttempt attempt : outcomes.keySet()) {
      settlements.add(
          new Settlement(
              attempt.lease(),
              attempt.job(),
              jobs.lastSeq(attempt.job()),
              freed.contains(attempt.lease())));
    }
    return settlements;
  }

  /**
   * Takes tasks back from workers that did not report an end.
   *
   * @param still which attempts to take, once they are locked
   * @return the jobs of the tasks
   */
  static Set<JobId> takeBack(
      Session session, LeaseTerms terms, List<Lease> leases, Predicate<RunningAttempt> still)
      throws SQLException {
    return leases.isEmpty()
        ? Set.of()
        : new Settlements(session, terms, new RememberedLine(), leases).takeBack(leases, still);
  }

  private Set<JobId> takeBack(List<Lease> leases, Predicate<RunningAttempt> still)
      throws SQLException {
    List<RunningAttempt> lost =
        RunningAttempt.lock(session, leases, terms).stream().filter(still).toList();
    EndedAttempts ended = new EndedAttempts();
    lost.forEach(attempt -> ended.addLost(attempt, whyLost(attempt)));
    ended.write(session);
    Set<JobId> jobsOfLost = new LinkedHashSet<>();
    for (RunningAttempt attempt : lost) {
      retries.lost(attempt);
      jobsOfLost.add(attempt.job());
    }
    return jobsOfLost;
  }

  private @Nullable String whyLost(RunningAttempt attempt) {
    return attempt.stalled()
        ? "no step was done for %s seconds".formatted(terms.stall().toSeconds())
        : null;
  }

  /**
   * Returns the outcome as the ledger accepts it: a remade file must have its old bytes. Files that
   * the task did not make at first, before glimt knew their kind, are not kept.
   */
  private Outcome accepted(RunningAttempt attempt, Outcome outcome) throws SQLException {
    return switch (outcome) {
      case Outcome.Failed(Fault fault, String why) -> new Outcome.Failed(fault, printable(why));
      case Outcome.Succeeded(var products, _, _) when attempt.remakes() -> {
        List<ArtifactId> made = products.stream().map(product -> product.artifact().id()).toList();
        List<ArtifactId> before = Repairs.accepted(session, attempt.lease().task());
        yield made.size() >= before.size() && made.subList(0, before.size()).equals(before)
            ? outcome
            : new Outcome.Failed(Fault.INTERNAL, "made again, its result has other bytes");
      }
      default -> outcome;
    };
  }

  /** PostgreSQL's text holds no NUL, and nobody reads a reason of many pages. */
  private static String printable(String why) {
    String text = why.replace('\0', ' ');
    return text.substring(0, Math.min(WHY_LIMIT, text.length()));
  }

  /** Returns whether a task is ready now that was not ready before. */
  private boolean tryAgain(RunningAttempt attempt, Outcome outcome) throws SQLException {
    return switch (outcome) {
      case Outcome.Succeeded _ -> false;
      case Outcome.Yielded(var checkpoint) -> {
        if (checkpoint.isPresent()) {
          Leases.keep(session, attempt.lease(), checkpoint.get());
        }
        yield retries.giveBack(attempt);
      }
      case Outcome.Damaged damaged -> {
        if (!Repairs.remakeFor(session, attempt.lease().task(), damaged.input())) {
          yield retries.failed(attempt, Fault.STORAGE, EndedAttempts.damagedInput(damaged));
        }
        retries.giveBack(attempt);
        yield true; // if not this task, then the one that makes its input
      }
      case Outcome.Blocked(var decision) -> {
        Decisions.record(session, attempt.job(), List.of(decision));
        yield retries.failed(attempt, Fault.BLOCKED, Decisions.reason(decision));
      }
      case Outcome.Failed(Fault fault, _) when fault == Fault.LOST -> retries.lost(attempt);
      case Outcome.Failed(Fault fault, String why) -> retries.failed(attempt, fault, why);
    };
  }
}
