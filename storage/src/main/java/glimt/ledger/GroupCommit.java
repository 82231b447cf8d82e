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
 * Answers together the questions that arrive while another answer is on its way: the more there
 * are, the less each costs. A question that arrives alone is answered alone, without a wait.
 *
 * <p>This is the group commit of a database (DeWitt et al. 1984), one level up.
 */
final class GroupCommit<Q, A> {
  /** Two, so that the next answer is written while one is made durable. */
  private static final int HANDS = 2;

  private final int most;
  private final Function<List<Q>, List<A>> answer;
  private final Predicate<RuntimeException> isOfOne;
  private final Queue<Pending<Q, A>> waiting = new ConcurrentLinkedQueue<>();
  private final Semaphore hands = new Semaphore(HANDS);

  private record Pending<Q, A>(Q question, CompletableFuture<A> answer) {}

  /**
   * @param most how many questions are answered at once
   * @param answer returns an answer to each question, in their order
   * @param isOfOne whether one question may be the cause of an exception, so that each is asked
   *     again by itself; otherwise all callers get the exception
   */
  GroupCommit(int most, Function<List<Q>, List<A>> answer, Predicate<RuntimeException> isOfOne) {
    this.most = most;
    this.answer = answer;
    this.isOfOne = isOfOne;
  }

  /** Waits for the answer. */
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

  /** Returns how many questions wait. */
  int waiting() {
    return waiting.size();
  }

  private void answerNext() {
    List<Pending<Q, A>> next = next();
    if (!next.isEmpty()) {
      answer(next);
    }
    hands.release();
    // A question that came in between found no hand free, and relies on this one.
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
