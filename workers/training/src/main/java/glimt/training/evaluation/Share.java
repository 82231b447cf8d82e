package glimt.training.evaluation;

import java.util.List;
import java.util.stream.IntStream;

/** A thread's part of a numbered list: the indices {@code from <= i < to}. */
public record Share(int from, int to) {
  /** Fixed on every machine, because random draws depend on the start of a share. */
  private static final int SHARES = 2;

  /** Divides the indices {@code 0 <= i < count} into shares, in order. */
  public static List<Share> of(int count) {
    return IntStream.range(0, SHARES)
        .mapToObj(i -> new Share(count * i / SHARES, count * (i + 1) / SHARES))
        .toList();
  }
}
