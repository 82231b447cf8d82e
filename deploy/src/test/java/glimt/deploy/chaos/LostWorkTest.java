package glimt.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Lease;
import glimt.job.TaskId;
import glimt.ledger.Audit;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Checks the upper bound of the work that a kill costs. */
class LostWorkTest {
  private static final double STEP = 0.5;

  @Test
  void what_was_done_since_the_last_beat_is_taken_to_be_lost() {
    // Of 30 reported steps 26 were kept: at most 4 steps, a heartbeat of 2 s and one step are lost.
    assertThat(lost(100, 0, 30, 26, 20)).isEqualTo(new LostWork.Lost(4.5, 9));
  }

  @Test
  void an_attempt_that_lived_shorter_than_a_beat_lost_no_more_than_its_life() {
    assertThat(lost(100, 0, 0, 0, 0.8)).isEqualTo(new LostWork.Lost(0.8, 2));
  }

  @Test
  void no_more_is_lost_than_the_next_attempt_has_to_do() {
    assertThat(lost(3, 0, 0, 0, 20)).isEqualTo(new LostWork.Lost(1.5, 3));
    assertThat(lost(100, 0, 99, 99, 60)).isEqualTo(new LostWork.Lost(STEP, 1));
  }

  @Test
  void where_the_next_begins_before_the_lost_one_did_its_life_bounds_nothing() {
    assertThat(lost(100, 40, 40, 20, 0.1)).isEqualTo(new LostWork.Lost(12.5, 25));
  }

  @Test
  void median_and_worst_are_told_with_the_number_of_kills() {
    LostWork work = new LostWork();
    assertThat(work.line()).isEqualTo("lost per kill: nothing, of 0 kills");
    work.add(List.of(loss(3, 0, 0, 0, 20), loss(100, 0, 30, 26, 20)));
    work.add(List.of(loss(100, 0, 0, 0, 0.8)));
    assertThat(work.line())
        .isEqualTo("lost per kill: median 1.5 s (3 steps), worst 4.5 s (9 steps), of 3 kills");
  }

  private static LostWork.Lost lost(
      int whole, int beganAt, int heardAt, int goesOnAt, double life) {
    return LostWork.Lost.of(loss(whole, beganAt, heardAt, goesOnAt, life));
  }

  private static Audit.Loss loss(int whole, int beganAt, int heardAt, int goesOnAt, double life) {
    return new Audit.Loss(
        new Lease(new TaskId(1), 1), whole, beganAt, heardAt, goesOnAt, life, STEP);
  }
}
