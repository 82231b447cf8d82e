package glimt.training.evaluation;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * As many samplers as there are processors, each used by one thread at a time. Results do not
 * depend on which of them made what.
 */
public final class SamplerPool<S> implements AutoCloseable {

  /** What is done with a sampler for one thing on a list. */
  @FunctionalInterface
  public interface Use<S, P, T> {
    T with(S sampler, P of) throws InterruptedException;
  }

  private final Supplier<S> load;
  private final Consumer<S> close;
  private final ConcurrentLinkedQueue<S> idle = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<S> all = new ConcurrentLinkedQueue<>();
  private final ExecutorService threads = Executors.newFixedThreadPool(size());

  /**
   * @param load makes a sampler, when a thread first needs one more
   * @param close ends one
   */
  public SamplerPool(Supplier<S> load, Consumer<S> close) {
    this.load = load;
    this.close = close;
  }

  /** Samplers of a candidate. */
  public static SamplerPool<CascadeSampler> of(Candidate candidate) {
    return new SamplerPool<>(() -> new CascadeSampler(candidate), CascadeSampler::close);
  }

  /** How many work at a time. */
  static int size() {
    return Math.max(1, Runtime.getRuntime().availableProcessors());
  }

  /** What is made of each, in their order; what goes wrong with one goes wrong for all. */
  public <P, T> List<T> each(List<P> list, Use<S, P, T> use) throws InterruptedException {
    List<Callable<T>> calls = new ArrayList<>();
    for (P one : list) {
      calls.add(() -> make(one, use));
    }
    List<T> made = new ArrayList<>();
    try {
      for (Future<T> done : threads.invokeAll(calls)) {
        made.add(done.get());
      }
    } catch (ExecutionException broken) {
      switch (broken.getCause()) {
        case InterruptedException interrupted -> throw interrupted;
        case RuntimeException wrong -> throw wrong;
        case null, default -> throw new IllegalStateException(broken);
      }
    }
    return made;
  }

  private <P, T> T make(P of, Use<S, P, T> use) throws InterruptedException {
    S free = idle.poll();
    if (free == null) {
      free = load.get();
      all.add(free);
    }
    try {
      return use.with(free, of);
    } finally {
      idle.add(free);
    }
  }

  /** Every sampler that was loaded. */
  Collection<S> samplers() {
    return all;
  }

  @Override
  public void close() {
    threads.shutdownNow();
    all.forEach(close);
  }
}
