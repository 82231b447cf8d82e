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
 * A pool of one sampler per processor, each used by one thread at a time. Results do not depend on
 * the assignment of work to samplers.
 */
public final class SamplerPool<S> implements AutoCloseable {

  /** The work with a sampler for an element of a list. */
  @FunctionalInterface
  public interface Use<S, P, T> {
    /** Performs the work for one element. */
    T with(S sampler, P of) throws InterruptedException;
  }

  private final Supplier<S> load;
  private final Consumer<S> close;
  private final ConcurrentLinkedQueue<S> idle = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<S> all = new ConcurrentLinkedQueue<>();
  private final ExecutorService threads = Executors.newFixedThreadPool(size());

  /**
   * Creates a pool without samplers.
   *
   * @param load creates a sampler when a thread needs one
   * @param close closes a sampler
   */
  public SamplerPool(Supplier<S> load, Consumer<S> close) {
    this.load = load;
    this.close = close;
  }

  /** A pool of samplers of a candidate. */
  public static SamplerPool<CascadeSampler> of(Candidate candidate) {
    return new SamplerPool<>(() -> new CascadeSampler(candidate), CascadeSampler::close);
  }

  /** The number of samplers that work at the same time. */
  static int size() {
    return Math.max(1, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Performs work for each element and returns the results in order. An exception for one element
   * fails the whole call.
   */
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

  /** All samplers that have been created. */
  Collection<S> samplers() {
    return all;
  }

  @Override
  public void close() {
    threads.shutdownNow();
    all.forEach(close);
  }
}
