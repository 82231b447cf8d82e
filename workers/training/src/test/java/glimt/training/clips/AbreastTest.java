package glimt.training.clips;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AbreastTest {
  @Test
  void results_come_in_order_whoever_made_them() throws InterruptedException {
    for (int count = 0; count < 6; count++) {
      assertThat(Abreast.all(count, (from, to) -> IntStream.range(from, to).boxed().toList()))
          .isEqualTo(IntStream.range(0, count).boxed().toList());
    }
  }

  @Test
  void what_goes_wrong_in_a_share_goes_wrong_for_all() {
    assertThatThrownBy(
            () ->
                Abreast.all(
                    4,
                    (from, _) -> {
                      throw new IllegalStateException("share " + from);
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("share");
  }
}
