package glimt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.coordinator.IdleWorkers.Askers;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.ToWorker;
import glimt.job.ArtifactId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Seeker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

class IdleWorkersTest {
  private static final String ONE = "1".repeat(64);
  private static final String OTHER = "2".repeat(64);

  private final IdleWorkers workers =
      new IdleWorkers(word -> new Seeker(word.worker(), "here", null));

  /** The claims under way, by a worker of each. */
  private final Map<Idle, Askers> claims = new HashMap<>();

  private static Idle word(String name, String card) {
    return word(name, card, "cpu");
  }

  private static Idle word(String name, String card, String device) {
    WorkerCard worker =
        new WorkerCard(
            new WorkerId(name), 1, device, "test", Map.of("bundle", new ArtifactId(card)));
    return new Idle(worker, TestInbox.<ToWorker>create().getRef());
  }

  private List<Idle> said(int many, String prefix, String card) {
    List<Idle> words = IntStream.range(0, many).mapToObj(i -> word(prefix + i, card)).toList();
    words.forEach(word -> workers.said(word, 0));
    return words;
  }

  /** Those for which claims are made now, each alone, as all are on one device. */
  private List<Idle> next() {
    List<Idle> asked = new ArrayList<>();
    for (Askers one = workers.next(); !one.isEmpty(); one = workers.next()) {
      assertThat(one.words()).hasSize(1);
      claims.put(one.words().getFirst(), one);
      asked.add(one.words().getFirst());
    }
    return asked;
  }

  private void answered(Idle word, boolean gotNothing) {
    answered(word, gotNothing, false);
  }

  private void answered(Idle word, boolean gotNothing, boolean nothingInLine) {
    workers.answered(
        Objects.requireNonNull(claims.remove(word)),
        gotNothing ? Set.of() : Set.of(word.worker().id()),
        nothingInLine,
        0);
  }

  /** Answers all claims with nothing until none is made; returns for whom they were made. */
  private List<Idle> inVain() {
    List<Idle> all = new ArrayList<>();
    for (List<Idle> asked = next(); !asked.isEmpty(); asked = next()) {
      asked.forEach(word -> answered(word, true));
      all.addAll(asked);
    }
    return all;
  }

  @Test
  void few_claims_are_under_way_at_once_and_each_answer_makes_room_for_the_next() {
    said(100, "worker-", ONE);
    List<Idle> first = next();
    assertThat(first).hasSize(IdleWorkers.AT_ONCE);
    workers.remove(first.getFirst().worker().id());
    answered(first.getFirst(), false);
    assertThat(next()).hasSize(1).doesNotContainAnyElementsOf(first);
  }

  @Test
  void workers_that_wait_while_claims_are_under_way_share_the_next_with_those_like_them() {
    saidOnDevices(500);
    int asked = 0;
    for (int claim = 0; claim < 8; claim++) {
      Askers askers = workers.next();
      assertThat(askers.words()).hasSizeBetween(asked, IdleWorkers.MOST);
      asked = askers.words().size();
      workers.answered(askers, names(askers), false, 0);
      names(askers).forEach(workers::remove);
    }
    assertThat(asked).as("success asks for more at once").isEqualTo(IdleWorkers.MOST);
  }

  private void saidOnDevices(int many) {
    for (int i = 0; i < many; i++) {
      workers.said(word("w" + i, ONE, "cuda:" + i), 0);
    }
  }

  private static Set<WorkerId> names(Askers askers) {
    return askers.words().stream().map(word -> word.worker().id()).collect(Collectors.toSet());
  }

  @Test
  void workers_of_two_kinds_share_no_claim_and_both_are_asked_for() {
    for (int i = 0; i < 6; i++) {
      workers.said(word("w" + i, i % 2 == 0 ? ONE : OTHER, "cuda:" + i), 0);
    }
    Askers one = workers.next();
    workers.answered(one, names(one), false, 0);
    names(one).forEach(workers::remove);
    Askers two = workers.next();
    assertThat(one.seekers())
        .allMatch(seeker -> seeker.worker().bundles().containsValue(new ArtifactId(ONE)));
    assertThat(two.seekers())
        .isNotEmpty()
        .allMatch(seeker -> seeker.worker().bundles().containsValue(new ArtifactId(OTHER)));
  }

  @Test
  void those_that_were_given_nothing_while_others_were_are_asked_for_at_once() {
    saidOnDevices(2);
    Askers both = workers.next();
    WorkerId given = both.words().getFirst().worker().id();
    workers.answered(both, Set.of(given), false, 0);
    workers.remove(given);
    assertThat(workers.next().words()).containsExactly(both.words().getLast());
  }

  @Test
  void those_that_were_given_nothing_together_are_each_asked_for_alone_until_one_is_given_a_task() {
    saidOnDevices(20);
    Askers both = workers.next();
    assertThat(both.words()).hasSize(2);
    workers.answered(both, Set.of(), false, 0);
    Set<WorkerId> alone = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      Askers one = workers.next();
      assertThat(one.words()).hasSize(1);
      alone.addAll(names(one));
      if (i == 19) {
        assertThat(alone).as("also the two that were asked for together").hasSize(20);
        names(one).forEach(workers::remove);
      }
      workers.answered(one, i == 19 ? names(one) : Set.of(), false, 0);
    }
    workers.hinted();
    assertThat(workers.next().words()).as("together again").hasSizeGreaterThan(1);
  }

  @Test
  void thousands_that_repeat_themselves_are_not_asked_for_until_a_task_may_be_ready() {
    List<Idle> all = said(5000, "worker-", ONE);
    assertThat(inVain()).as("each is asked for when it comes").hasSize(5000);
    all.forEach(word -> workers.said(word, 1));
    assertThat(next()).isEmpty();

    Set<WorkerId> asked = new HashSet<>();
    for (int hint = 0; hint < 10; hint++) {
      workers.hinted();
      List<Idle> now = inVain();
      assertThat(now).hasSizeBetween(IdleWorkers.ENOUGH, IdleWorkers.ENOUGH + IdleWorkers.AT_ONCE);
      now.forEach(word -> asked.add(word.worker().id()));
    }
    assertThat(asked).as("others each time").hasSizeGreaterThanOrEqualTo(10 * IdleWorkers.ENOUGH);
  }

  @Test
  void a_task_that_gets_ready_on_an_idle_farm_is_asked_for_once_and_success_asks_for_more() {
    said(500, "worker-", ONE);
    said(500, "other-", OTHER);
    for (List<Idle> asked = next(); !asked.isEmpty(); asked = next()) {
      asked.forEach(this::nothingInLine);
    }
    workers.hinted();
    List<Idle> first = next();
    assertThat(first).hasSize(1);
    workers.remove(first.getFirst().worker().id());
    answered(first.getFirst(), false);
    List<Idle> second = next();
    assertThat(second).hasSize(2);
    second.forEach(this::nothingInLine);
    assertThat(next()).as("nothing is in line for either kind").isEmpty();
    workers.hinted();
    answered(next().getFirst(), true);
    assertThat(next()).as("a task is in line, but for others").hasSize(IdleWorkers.AT_ONCE);
  }

  @Test
  void what_was_in_line_before_a_hint_says_nothing_of_what_is_after_it() {
    said(500, "worker-", ONE);
    List<Idle> asked = next();
    workers.hinted();
    asked.forEach(this::nothingInLine);
    assertThat(next()).hasSize(IdleWorkers.AT_ONCE);
  }

  private void nothingInLine(Idle word) {
    answered(word, true, true);
  }

  @Test
  void workers_of_another_kind_are_asked_for_however_many_had_nothing() {
    said(500, "one-", ONE);
    Idle able = said(1, "other-", OTHER).getFirst();
    inVain();
    workers.hinted();
    assertThat(inVain()).contains(able);
  }

  @Test
  void one_that_comes_back_from_a_task_is_asked_for_at_once() {
    List<Idle> all = said(500, "worker-", ONE);
    inVain();
    Idle back = all.get(250);
    workers.busy(back.at());
    assertThat(workers.waits(back.worker().id())).isFalse();
    workers.said(back, 1);
    assertThat(next()).containsExactly(back);
  }

  @Test
  void a_few_workers_are_asked_for_with_every_word() {
    List<Idle> all = said(IdleWorkers.ENOUGH, "worker-", ONE);
    for (int time = 0; time < 5; time++) {
      all.forEach(word -> workers.said(word, 1));
      assertThat(inVain()).hasSameElementsAs(all);
    }
  }

  @Test
  void a_claim_that_may_have_missed_a_task_is_made_again() {
    Idle word = said(1, "worker-", ONE).getFirst();
    assertThat(next()).containsExactly(word);
    workers.hinted();
    assertThat(next()).as("one claim each").isEmpty();
    answered(word, true);
    assertThat(next()).containsExactly(word);
  }

  @Test
  void those_that_are_not_asked_for_are_noted_and_those_that_fall_silent_forgotten() {
    said(20, "worker-", ONE);
    inVain();
    assertThat(workers.unheard(0, 10)).as("asked for just now").isEmpty();
    assertThat(workers.unheard(5, 10)).hasSize(20);
    assertThat(workers.unheard(10, 15)).as("once").isEmpty();
    workers.forget(1);
    workers.hinted();
    assertThat(next()).isEmpty();
  }

  @Test
  void a_word_that_crossed_with_a_task_is_not_believed_but_the_next_one_is() {
    Idle word = word("a", ONE);
    workers.said(word, 0);
    assertThat(next()).containsExactly(word);
    answered(word, false);
    workers.sent(word);

    workers.said(word, 1);
    assertThat(next()).isEmpty();
    workers.said(word, 2);
    assertThat(next()).containsExactly(word);
  }

  @Test
  void a_worker_that_reported_on_its_task_is_believed_at_once() {
    Idle word = word("a", ONE);
    workers.said(word, 0);
    assertThat(next()).containsExactly(word);
    answered(word, false);
    workers.sent(word);

    workers.busy(word.at());
    workers.said(word, 1);
    assertThat(next()).containsExactly(word);
  }
}
