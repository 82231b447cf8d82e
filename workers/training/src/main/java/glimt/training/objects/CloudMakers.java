package glimt.training.objects;

import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.training.learning.Initial;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;

/** Makes many clouds, as many at a time as there are processors; each in one thread, as a job's. */
final class CloudMakers implements AutoCloseable {

  /**
   * @param base {@code [1024, 6]}, opened
   * @param dense {@code [4096, 6]}, opened
   */
  record Made(float[] base, float[] dense, Cost baseCost, Cost denseCost) {}

  /**
   * What a cloud took.
   *
   * @param seconds of one processor, not of the clock: others may be at work on the same machine
   * @param evaluations of the network
   */
  record Cost(double seconds, long evaluations) {}

  private final BundleCard card;
  private final ObjectRecipe recipe;
  private final BlockingQueue<CloudWalks> idle = new LinkedBlockingQueue<>();
  private final List<CloudWalks> walks = new ArrayList<>();
  private final ExecutorService threads;

  private CloudMakers(BundleCard card, ObjectRecipe recipe, Function<Level, Network> load) {
    this.card = card;
    this.recipe = recipe;
    int processors = Math.max(1, Runtime.getRuntime().availableProcessors());
    for (int i = 0; i < processors; i++) {
      walks.add(new CloudWalks(card, load));
    }
    idle.addAll(walks);
    threads = Executors.newFixedThreadPool(processors);
  }

  static CloudMakers of(Bundle bundle, ObjectRecipe recipe) {
    return new CloudMakers(
        bundle.card(), recipe, level -> bundle.network(level.name(), Precision.ofThisProcessor()));
  }

  /** The same networks as on their first day. */
  static CloudMakers untrained(Bundle bundle, Recipe all, ObjectRecipe recipe) {
    return new CloudMakers(bundle.card(), recipe, level -> untrained(bundle, all, recipe, level));
  }

  private static Network untrained(Bundle bundle, Recipe all, ObjectRecipe recipe, Level level) {
    NetworkRecipe network = all.networks().get(level.network());
    if (network == null) {
      throw new TrainingException("the recipe has no network " + level.network());
    }
    NetworkSource source = NetworkSource.parse(network.source(), bundle.text(network.source()));
    Map<String, Double> sizes = new HashMap<>(recipe.sizes());
    sizes.putAll(network.sizes());
    Safetensors first = Initial.weights(source, sizes, new SplittableRandom(network.seed()));
    return Network.of("untrained", source, first, Precision.ofThisProcessor());
  }

  /** One cloud of each, in their order. */
  List<Made> make(List<Asked> asked) throws InterruptedException {
    return each(
        asked,
        (walk, one) -> {
          Level first = card.levels().getFirst();
          Level last = card.levels().getLast();
          long before = walk.evaluations(first);
          double start = seconds();
          float[] base = walk.base(one.prompt(), one.seed());
          double middle = seconds();
          Cost baseCost = new Cost(middle - start, walk.evaluations(first) - before);
          before = walk.evaluations(last);
          float[] dense = walk.dense(one.prompt(), base, one.seed());
          Cost denseCost = new Cost(seconds() - middle, walk.evaluations(last) - before);
          return new Made(recipe.open(base), recipe.open(dense), baseCost, denseCost);
        });
  }

  /**
   * Bases made dense.
   *
   * @param bases {@code [1024, 6]}, in the units of samples
   * @return {@code [4096, 6]}, in the units of samples
   */
  List<float[]> enlarge(List<Asked> asked, List<float[]> bases) throws InterruptedException {
    return each(
        asked, (walk, one) -> walk.dense(one.prompt(), bases.get(asked.indexOf(one)), one.seed()));
  }

  private interface Work<T> {
    T with(CloudWalks walk, Asked one) throws InterruptedException;
  }

  private <T> List<T> each(List<Asked> asked, Work<T> work) throws InterruptedException {
    List<Callable<T>> calls = new ArrayList<>();
    for (Asked one : asked) {
      calls.add(
          () -> {
            CloudWalks walk = idle.take();
            try {
              return work.with(walk, one);
            } finally {
              idle.add(walk);
            }
          });
    }
    List<T> made = new ArrayList<>();
    for (Future<T> done : threads.invokeAll(calls)) {
      try {
        made.add(done.get());
      } catch (ExecutionException failed) {
        throw new TrainingException("a cloud could not be made: " + failed.getCause(), failed);
      }
    }
    return made;
  }

  /** Processor time of this thread. */
  private static double seconds() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
  }

  @Override
  public void close() {
    threads.shutdownNow();
    walks.forEach(CloudWalks::close);
  }
}
