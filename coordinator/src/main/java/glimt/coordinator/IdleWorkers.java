package glimt.coordinator;

import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.ToWorker;
import glimt.job.ArtifactId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Seeker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * The workers that wait for work, and whose turn it is to claim tasks for.
 *
 * <p>A claim is a call to the ledger, and a farm may have thousands of idle workers that say so
 * every two seconds. So few claims are under way at once, and those who wait meanwhile are claimed
 * for together, as far as they are {@link Seeker#isLike like each other}. Once no task was in line,
 * or some workers of a kind were given nothing, the others are not asked for until tasks may have
 * become ready: until the next {@link #hinted}. A single task that becomes ready on a farm of idle
 * workers is then asked for once, for one worker, and each answer lets twice as many ask. Only a
 * claim of its own shows that there is nothing for a worker: a claim for several does not read past
 * what one of them failed. Those who were given nothing go to the end of the line, so that a worker
 * that may not have a task, because it failed it before, does not stand in the way for ever.
 */
final class IdleWorkers {
  /**
   * How many claims are under way at once: one is answered while the next is on its way. Few, so
   * that many workers share a claim when there is much to do, and so that the ledger's ten
   * connections suffice for all else.
   */
  static final int AT_ONCE = 2;

  /** For how many workers a claim is made at most. */
  static final int MOST = 32;

  /** How far down the line a claim looks for workers that are like the first. */
  private static final int LOOK = 4 * MOST;

  /** After how many workers of a kind that were given nothing the others are not asked for. */
  static final int ENOUGH = 8;

  /** What the ledger tells two workers apart by, when tasks are neither warm nor tried before. */
  private record WorkerKind(Set<ArtifactId> cards, long memory, String numericClass) {
    static WorkerKind of(WorkerCard card) {
      Set<ArtifactId> cards = new HashSet<>(card.bundles().values());
      cards.addAll(card.restated());
      return new WorkerKind(cards, card.memory(), card.numericClass());
    }
  }

  private static final class Waiter {
    private final WorkerKind kind;
    private Idle word;
    private Seeker seeker;

    /** When its last word arrived, in {@link System#nanoTime}. */
    private long said;

    /**
     * When the ledger last answered for it, in {@link System#nanoTime}; null if it never did. That
     * there is nothing for several together is no answer for one.
     */
    private @Nullable Long asked;

    private Waiter(Idle word, Seeker seeker) {
      this.kind = WorkerKind.of(word.worker());
      this.word = word;
      this.seeker = seeker;
    }
  }

  private final Function<Idle, Seeker> seekers;
  private final Map<WorkerId, Waiter> idle = new LinkedHashMap<>();
  private final Map<ActorRef<ToWorker>, WorkerId> names = new HashMap<>();

  /** Those who were sent a task and were not heard of since. */
  private final Set<ActorRef<ToWorker>> sent = new HashSet<>();

  /** Those for which a claim is to be made. */
  private final Set<WorkerId> line = new LinkedHashSet<>();

  /** Those for which one is under way, so that each has at most one. */
  private final Set<WorkerId> asking = new HashSet<>();

  /** How many workers of each kind were given nothing since the last hint. */
  private final Map<WorkerKind, Integer> refused = new HashMap<>();

  /**
   * How often ready tasks were announced; shows a pending claim whether it may have missed some.
   */
  private long hints;

  /** Whether no task was in line for anybody, at some time after the last hint. */
  private boolean dry;

  /**
   * The kinds whose workers were given nothing together, though tasks were in line: each of them is
   * now asked for by itself, which reads further down the line, until one is given a task.
   */
  private final Set<WorkerKind> apart = new HashSet<>();

  /** The claims that are under way. */
  private final List<Askers> claims = new ArrayList<>();

  /** For how many workers claims may be under way now. */
  private int window = AT_ONCE;

  /**
   * @param seekers what the ledger is told of a worker
   */
  IdleWorkers(Function<Idle, Seeker> seekers) {
    this.seekers = seekers;
  }

  /**
   * Workers for which one claim is made; none if no claim is to be made now.
   *
   * @param words what they said last
   * @param seekers the same for the ledger
   * @param asOf the value of {@link #hints} at that time
   */
  record Askers(List<Idle> words, List<Seeker> seekers, long asOf) {
    boolean isEmpty() {
      return words.isEmpty();
    }
  }

  long hints() {
    return hints;
  }

  /**
   * A worker said that it is idle. The first word after its task was sent is not believed, unless
   * it reported on a task between: the word and the task crossed. Should the task have been lost,
   * the worker repeats its word.
   */
  void said(Idle word, long now) {
    if (sent.remove(word.at())) {
      return;
    }
    WorkerId id = word.worker().id();
    Waiter waiter = idle.get(id);
    if (waiter == null || !waiter.kind.equals(WorkerKind.of(word.worker()))) {
      waiter = new Waiter(word, seekers.apply(word));
      idle.put(id, waiter);
    }
    names.remove(waiter.word.at());
    names.put(word.at(), id);
    waiter.word = word;
    waiter.seeker = seekers.apply(word);
    waiter.said = now;
    if (!asking.contains(id)) {
      line.add(id);
    }
  }

  boolean waits(WorkerId id) {
    return idle.containsKey(id);
  }

  void remove(WorkerId id) {
    Waiter waiter = idle.remove(id);
    if (waiter != null) {
      names.remove(waiter.word.at());
    }
    line.remove(id);
  }

  /** A task is sent to a worker. */
  void sent(Idle word) {
    remove(word.worker().id());
    sent.add(word.at());
  }

  /**
   * Forgets that a worker is idle, because it reports on a task. Its last {@link Idle} was sent
   * before it received the {@link Protocol.Run}.
   */
  void busy(ActorRef<ToWorker> worker) {
    sent.remove(worker);
    WorkerId id = names.get(worker);
    if (id != null) {
      remove(id);
    }
  }

  /** Forgets those whose last word is older than this. */
  void forget(long said) {
    List<WorkerId> silent = new ArrayList<>();
    idle.forEach(
        (id, waiter) -> {
          if (!asking.contains(id) && waiter.said - said < 0) {
            silent.add(id);
          }
        });
    silent.forEach(this::remove);
  }

  /** There may be ready tasks: all who wait are to be asked for again. */
  void hinted() {
    hints++;
    window = dry ? 1 : window;
    dry = false;
    refused.clear();
    idle.keySet().stream().filter(id -> !asking.contains(id)).forEach(line::add);
  }

  /** Returns the workers to claim for now; the claim is under way until {@link #answered}. */
  Askers next() {
    List<Idle> words = new ArrayList<>();
    List<Seeker> together = new ArrayList<>();
    int room = claims.size() < AT_ONCE ? Math.min(MOST, window - asking.size()) : 0;
    Iterator<WorkerId> ids = line.iterator();
    for (int seen = 0; words.size() < room && seen < LOOK && ids.hasNext(); ) {
      WorkerId id = ids.next();
      Waiter waiter = idle.get(id);
      if (waiter == null || isInVain(waiter)) {
        ids.remove();
      } else if (together.stream().allMatch(waiter.seeker::isLike)) {
        room = apart.contains(waiter.kind) ? 1 : room;
        ids.remove();
        asking.add(id);
        words.add(waiter.word);
        together.add(waiter.seeker);
      } else {
        seen++;
      }
    }
    Askers askers = new Askers(words, together, hints);
    if (!askers.isEmpty()) {
      claims.add(askers);
    }
    return askers;
  }

  /**
   * A worker that has just become idle is always asked for: it may be the better one for a task.
   */
  private boolean isInVain(Waiter waiter) {
    return waiter.asked != null
        && idle.size() > ENOUGH
        && (dry || refused.getOrDefault(waiter.kind, 0) >= ENOUGH);
  }

  /**
   * A claim was answered. Those who were given nothing though others were are asked for again.
   *
   * @param given the workers that were given a task
   * @param nothingInLine whether no task was ready after it, not for other workers either
   * @param now when, in {@link System#nanoTime}
   */
  void answered(Askers askers, Set<WorkerId> given, boolean nothingInLine, long now) {
    claims.remove(askers);
    window = Math.min(AT_ONCE * MOST, 2 * window);
    if (given.isEmpty() && nothingInLine) {
      dry |= askers.asOf() == hints; // the next hint is then answered by one claim for one worker
    }
    WorkerKind kind = WorkerKind.of(askers.words().getFirst().worker());
    boolean anyAlone = given.isEmpty() && !nothingInLine && askers.words().size() > 1;
    if (anyAlone) {
      apart.add(kind);
    } else if (!given.isEmpty()) {
      apart.remove(kind);
    }
    boolean inVain = given.isEmpty() && !anyAlone && askers.asOf() == hints;
    for (Idle word : askers.words()) {
      WorkerId id = word.worker().id();
      asking.remove(id);
      Waiter waiter = idle.remove(id);
      if (waiter == null) {
        continue;
      }
      idle.put(id, waiter);
      if (!anyAlone) {
        waiter.asked = now;
      }
      if (inVain) {
        refused.merge(waiter.kind, 1, Integer::sum);
      } else if (!given.contains(id)) {
        line.add(id); // the claim may have missed tasks that became ready while it ran
      }
    }
  }

  /** Returns those of which the ledger has not heard since then; it hears of them now. */
  List<WorkerId> unheard(long since, long now) {
    List<WorkerId> unheard = new ArrayList<>();
    idle.forEach(
        (id, waiter) -> {
          Long asked = waiter.asked;
          if (asked != null && asked - since < 0 && !asking.contains(id)) {
            waiter.asked = now;
            unheard.add(id);
          }
        });
    return unheard;
  }
}
