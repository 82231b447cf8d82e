package glimt.ledger;

import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Answers questions in batches. Questions that arrive while earlier batches are being answered form
 * the next batch, so the cost per question falls as the load grows. A question never waits for
 * others to arrive.
 *
 * <p>This is the group commit of databases (DeWitt et al. 1984) at the level of the application.
 */
final class GroupCommit<Q, A> {
  /** How many batches run at once: one is written while the other is being made durable. */
  private static final int HANDS = 2;

  private final int most;
  private final Function<List<Q>, List<A>> answer;
  private final Predicate<RuntimeException> isOfOne;
  private final Queue<Pending<Q, A>> waiting = new ConcurrentLinkedQueue<>();
  private final Semaphore hands = new Semaphore(HANDS);

  private record Pending<Q, A>(Q question, CompletableFuture<A> answer) {}

  /**
   * @param most the largest size of a batch
   * @param answer answers a batch, one answer per question in the same order
   * @param isOfOne whether an exception may be caused by a single question; if so, each question of
   *     the batch is tried again by itself, otherwise all callers get the exception
   */
  GroupCommit(int most, Function<List<Q>, List<A>> answer, Predicate<RuntimeException> isOfOne) {
    this.most = most;
    this.answer = answer;
    this.isOfOne = isOfOne;
  }

  /** Asks a question and waits for its answer. */
  A ask(Q question) {
    Pending<Q, A> asked = new Pending<>(question, new CompletableFuture<>());
    waiting.add(asked);
    if (hands.tryAcquire()) {
      answerNext();
    }
    try {
      return asked.answer().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException thrown ? thrown : e;
    }
  }

  /** Returns the number of questions that are in no batch yet. */
  int waiting() {
    return waiting.size();
  }

  private void answerNext() {
    List<Pending<Q, A>> next = next();
    if (!next.isEmpty()) {
      answer(next);
    }
    hands.release();
    // A question that arrived after the poll and before the release found no permit, so nobody
    // else answers it.
    if (!waiting.isEmpty() && hands.tryAcquire()) {
      Thread.startVirtualThread(this::answerNext);
    }
  }

  private List<Pending<Q, A>> next() {
    return Stream.generate(waiting::poll).takeWhile(Objects::nonNull).limit(most).toList();
  }

  private void answer(List<Pending<Q, A>> asked) {
    try {
      List<A> answers = answer.apply(asked.stream().map(Pending::question).toList());
      for (int i = 0; i < asked.size(); i++) {
        asked.get(i).answer().complete(answers.get(i));
      }
    } catch (RuntimeException | Error e) {
      if (asked.size() > 1 && e instanceof RuntimeException thrown && isOfOne.test(thrown)) {
        asked.forEach(one -> answer(List.of(one)));
      } else {
        asked.forEach(one -> one.answer().completeExceptionally(e));
      }
    }
  }
}
