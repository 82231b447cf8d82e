package glimt.training.evaluation;

import java.util.List;
import java.util.stream.IntStream;

/** A thread's share of things that are numbered from 0: {@code from <= i < to}. */
public record Share(int from, int to) {
  /** The same on every machine, since what is drawn in a share depends on where it begins. */
  private static final int SHARES = 2;

  /** All of {@code 0 <= i < count}, in order. */
  public static List<Share> of(int count) {
    return IntStream.range(0, SHARES)
        .mapToObj(i -> new Share(count * i / SHARES, count * (i + 1) / SHARES))
        .toList();
  }
}
