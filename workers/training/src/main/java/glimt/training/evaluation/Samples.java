package glimt.training.evaluation;

import glimt.bundle.Network;
import glimt.model.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Generated samples for a list of prompts.
 *
 * @param level the highest generated level
 * @param all a sample for each prompt
 * @param costs the costs by the name of the level; empty if samples were generated in batches
 * @param clockSeconds the elapsed time in seconds, with several samples in parallel
 */
public record Samples<T>(
    Candidate candidate,
    Level level,
    List<Prompt<T>> prompts,
    List<MadeSample> all,
    Map<String, SamplingCost> costs,
    double clockSeconds) {

  /**
   * A generated sample.
   *
   * @param seen the highest level, reduced to the data that is assessed
   * @param levels all levels from the base up, or an empty list if they were not kept
   */
  public record MadeSample(float[] seen, List<float[]> levels) {
    /** The highest level of a sample that keeps its levels. */
    public float[] last() {
      return levels.getLast();
    }
  }

  public Samples {
    prompts = List.copyOf(prompts);
    all = List.copyOf(all);
    costs = Map.copyOf(costs);
  }

  /**
   * Generates whole samples of all levels, as jobs do.
   *
   * @param kept the number of samples that keep their levels
   * @param seen reduces the levels to the data that is assessed
   * @param watch receives progress messages
   */
  public static <T> Samples<T> whole(
      Candidate candidate,
      List<Prompt<T>> prompts,
      int kept,
      Function<List<float[]>, float[]> seen,
      Consumer<String> watch)
      throws InterruptedException {
    AtomicInteger done = new AtomicInteger();
    Map<String, SamplingCost> costs = new HashMap<>();
    long began = System.nanoTime();
    List<MadeSample> all;
    try (SamplerPool<CascadeSampler> pool = SamplerPool.of(candidate)) {
      all =
          pool.each(
              IntStream.range(0, prompts.size()).boxed().toList(),
              (sampler, number) -> {
                List<float[]> levels = sampler.all(prompts.get(number));
                if (done.incrementAndGet() % 8 == 0) {
                  watch.accept("%s of %s samples".formatted(done.get(), prompts.size()));
                }
                return new MadeSample(seen.apply(levels), number < kept ? levels : List.of());
              });
      pool.samplers()
          .forEach(
              one ->
                  one.costs().forEach((name, cost) -> costs.merge(name, cost, SamplingCost::plus)));
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    return new Samples<>(
        candidate, candidate.card().levels().getLast(), prompts, all, costs, seconds);
  }

  /** Generates samples of the first level only, in batches; this needs no other network. */
  static <T> Samples<T> ofFirstLevel(
      Candidate candidate, List<Prompt<T>> prompts, int kept, UnaryOperator<float[]> seen)
      throws InterruptedException {
    Level level = candidate.card().levels().getFirst();
    long began = System.nanoTime();
    List<float[]> made = new ArrayList<>();
    try (SamplerPool<Network> pool =
        new SamplerPool<>(() -> candidate.network(level.name()), Network::close)) {
      pool.each(
              Share.of(prompts.size()),
              (network, share) ->
                  new LevelSampler(network, level, candidate.card().words())
                      .sample(prompts.subList(share.from(), share.to())))
          .forEach(made::addAll);
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    List<MadeSample> all = new ArrayList<>();
    for (int i = 0; i < made.size(); i++) {
      all.add(new MadeSample(seen.apply(made.get(i)), i < kept ? List.of(made.get(i)) : List.of()));
    }
    return new Samples<>(candidate, level, prompts, all, Map.of(), seconds);
  }

  /** The data of each sample that is assessed. */
  public List<float[]> seen() {
    return all.stream().map(MadeSample::seen).toList();
  }

  /** The samples that keep their levels, which are the first ones. */
  public List<MadeSample> kept() {
    return all.stream().filter(one -> !one.levels.isEmpty()).toList();
  }

  /** The total cost of a level of all samples. */
  public SamplingCost cost(Level of) {
    return costs.getOrDefault(of.name(), SamplingCost.NONE);
  }

  /** The number of samples that were generated in parallel. */
  public static int abreast() {
    return SamplerPool.size();
  }
}
