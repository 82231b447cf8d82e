package glimt.training.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerPoolTest {
  @Test
  void results_come_in_order_whoever_made_them() throws InterruptedException {
    try (SamplerPool<String> pool = new SamplerPool<>(() -> "sampler", _ -> {})) {
      for (int count = 0; count < 6; count++) {
        List<Integer> numbers = IntStream.range(0, count).boxed().toList();
        assertThat(pool.each(numbers, (_, i) -> 10 * i))
            .isEqualTo(numbers.stream().map(i -> 10 * i).toList());
      }
    }
  }

  @Test
  void no_sampler_is_used_by_two_threads_at_a_time_and_each_is_closed_once()
      throws InterruptedException {
    AtomicInteger loaded = new AtomicInteger();
    AtomicInteger closed = new AtomicInteger();
    try (SamplerPool<AtomicBoolean> pool =
        new SamplerPool<>(
            () -> {
              loaded.incrementAndGet();
              return new AtomicBoolean();
            },
            _ -> closed.incrementAndGet())) {
      List<Boolean> alone =
          pool.each(
              IntStream.range(0, 1000).boxed().toList(),
              (used, _) -> used.compareAndSet(false, true) && used.compareAndSet(true, false));
      assertThat(alone).hasSize(1000).containsOnly(true);
    }
    assertThat(loaded.get()).isBetween(1, SamplerPool.size());
    assertThat(closed.get()).isEqualTo(loaded.get());
  }

  @Test
  void what_goes_wrong_with_one_goes_wrong_for_all() {
    try (SamplerPool<String> pool = new SamplerPool<>(() -> "sampler", _ -> {})) {
      assertThatThrownBy(
              () ->
                  pool.each(
                      List.of(1, 2, 3),
                      (_, i) -> {
                        throw new IllegalStateException("number " + i);
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("number");
    }
  }

  @Test
  void shares_are_all_there_is_in_order() {
    for (int count = 0; count < 6; count++) {
      List<Integer> all = new ArrayList<>();
      Share.of(count).forEach(share -> IntStream.range(share.from(), share.to()).forEach(all::add));
      assertThat(all).isEqualTo(IntStream.range(0, count).boxed().toList());
    }
  }
}
