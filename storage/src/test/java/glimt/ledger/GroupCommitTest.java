package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GroupCommitTest {
  private final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());

  @Test
  void who_asks_alone_is_answered_alone_and_at_once() {
    GroupCommit<Integer, Integer> squares = squares(8);
    assertThat(squares.ask(3)).isEqualTo(9);
    assertThat(squares.ask(4)).isEqualTo(16);
    assertThat(batches).containsExactly(List.of(3), List.of(4));
  }

  @Test
  void everybody_gets_the_own_answer_and_batches_are_no_longer_than_asked_for() throws Exception {
    int askers = 500;
    GroupCommit<Integer, Integer> squares = squares(7);
    List<Callable<Integer>> asking = new ArrayList<>();
    for (int i = 0; i < askers; i++) {
      int question = i;
      asking.add(() -> squares.ask(question) - question * question);
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Integer> off : threads.invokeAll(asking)) {
        assertThat(off.get()).isZero();
      }
    }
    assertThat(batches).allSatisfy(batch -> assertThat(batch).hasSizeBetween(1, 7));
    assertThat(batches.stream().flatMap(List::stream)).hasSize(askers).doesNotHaveDuplicates();
  }

  @Test
  void what_comes_while_answers_are_on_their_way_is_answered_together() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch over = new CountDownLatch(1);
    GroupCommit<Integer, Integer> slow =
        new GroupCommit<>(
            8,
            questions -> {
              batches.add(questions);
              begun.countDown();
              await(over);
              return questions;
            },
            _ -> false);
    List<Future<Integer>> answers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int hand = 0; hand < 2; hand++) {
        int question = hand;
        answers.add(threads.submit(() -> slow.ask(question)));
      }
      await(begun);
      for (int late = 2; late < 7; late++) {
        int question = late;
        answers.add(threads.submit(() -> slow.ask(question)));
        while (slow.waiting() < late - 1) {
          Thread.onSpinWait();
        }
      }
      over.countDown();
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).get()).isEqualTo(i);
      }
    }
    assertThat(batches).hasSize(3).contains(List.of(2, 3, 4, 5, 6));
  }

  @Test
  void what_is_one_question_s_fault_the_others_are_spared() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    GroupCommit<Integer, Integer> picky =
        new GroupCommit<>(
            8,
            questions -> {
              await(over);
              if (questions.contains(3)) {
                throw new IllegalArgumentException("three");
              }
              return questions;
            },
            e -> e instanceof IllegalArgumentException);
    List<Future<Integer>> answers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 8; i++) {
        int question = i;
        answers.add(threads.submit(() -> picky.ask(question)));
      }
      over.countDown();
      for (int i = 0; i < 8; i++) {
        Future<Integer> answer = answers.get(i);
        if (i == 3) {
          assertThatThrownBy(answer::get)
              .isInstanceOf(ExecutionException.class)
              .cause()
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessage("three");
        } else {
          assertThat(answer.get()).isEqualTo(i);
        }
      }
    }
  }

  @Test
  void after_a_failure_it_goes_on() {
    List<Integer> tries = new ArrayList<>();
    GroupCommit<Integer, Integer> once =
        new GroupCommit<>(
            8,
            questions -> {
              tries.addAll(questions);
              if (tries.size() == 1) {
                throw new StackOverflowError("of the test");
              }
              return questions;
            },
            _ -> true);
    assertThatThrownBy(() -> once.ask(1)).hasRootCauseMessage("of the test");
    assertThat(once.ask(2)).isEqualTo(2);
  }

  private GroupCommit<Integer, Integer> squares(int most) {
    return new GroupCommit<>(
        most,
        questions -> {
          batches.add(questions);
          return questions.stream().map(question -> question * question).toList();
        },
        _ -> false);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
