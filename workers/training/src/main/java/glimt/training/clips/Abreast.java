package glimt.training.clips;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Work that is shared out to a few threads, which need nothing of each other. */
final class Abreast {
  /** The same on every machine, since what is drawn in a share depends on where it starts. */
  static final int THREADS = 2;

  private Abreast() {}

  /** One thread's share: results for {@code from <= i < to}. */
  @FunctionalInterface
  interface Share<T> {
    List<T> of(int from, int to) throws InterruptedException;
  }

  /** Results for {@code 0 <= i < count}, in that order. */
  static <T> List<T> all(int count, Share<T> share) throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Callable<List<T>>> shares = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int from = count * i / THREADS;
        int to = count * (i + 1) / THREADS;
        shares.add(() -> share.of(from, to));
      }
      List<T> results = new ArrayList<>();
      for (Future<List<T>> done : threads.invokeAll(shares)) {
        results.addAll(done.get());
      }
      return results;
    } catch (ExecutionException broken) {
      switch (broken.getCause()) {
        case InterruptedException interrupted -> throw interrupted;
        case RuntimeException wrong -> throw wrong;
        case null, default -> throw new IllegalStateException(broken);
      }
    }
  }
}
