package glimt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Lease;
import glimt.job.TaskId;
import org.junit.jupiter.api.Test;

class GatheringTest {
  private final Gathering<String> words = new Gathering<>();

  private static Lease lease(long task) {
    return new Lease(new TaskId(task), 1);
  }

  @Test
  void the_first_word_goes_at_once_and_those_behind_it_go_together() {
    words.add(lease(1), "a");
    assertThat(words.take()).containsExactly("a");
    words.add(lease(2), "b");
    words.add(lease(3), "c");
    assertThat(words.take()).isEmpty();
    words.back(true);
    assertThat(words.take()).containsExactly("b", "c");
  }

  @Test
  void the_last_word_about_a_lease_counts() {
    words.add(lease(1), "step 3");
    words.add(lease(1), "step 4");
    assertThat(words.take()).containsExactly("step 4");
  }

  @Test
  void after_a_refusal_words_go_one_by_one_until_one_is_answered() {
    words.add(lease(1), "bad");
    words.take();
    words.back(false);
    words.add(lease(1), "bad");
    words.add(lease(2), "good");
    words.add(lease(3), "good too");
    assertThat(words.take()).containsExactly("bad");
    words.back(false);
    assertThat(words.take()).containsExactly("good");
    words.back(true);
    assertThat(words.take()).containsExactly("good too");
  }

  @Test
  void it_holds_a_word_until_its_batch_is_back() {
    words.add(lease(1), "a");
    words.take();
    words.add(lease(2), "b");
    assertThat(words.holds("a"::equals)).as("under way").isTrue();
    assertThat(words.holds("b"::equals)).as("waiting").isTrue();
    words.back(true);
    assertThat(words.holds("a"::equals)).isFalse();
    assertThat(words.holds("b"::equals)).isTrue();
    words.take();
    words.back(false);
    assertThat(words.holds("b"::equals)).isFalse();
  }
}
