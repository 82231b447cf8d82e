package glimt.training.evaluation;

import glimt.bundle.Network;
import glimt.model.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Samples made for prompts.
 *
 * @param level the highest that was made
 * @param all one for each prompt
 * @param costs by level; empty where samples were made many at once
 * @param clockSeconds how long it took, several at a time
 */
public record Samples<T>(
    Candidate candidate,
    Level level,
    List<Prompt<T>> prompts,
    List<MadeSample> all,
    Map<String, SamplingCost> costs,
    double clockSeconds) {

  /**
   * One sample.
   *
   * @param seen its highest level as it is judged
   * @param levels all of its levels from the base up, where they are kept
   */
  public record MadeSample(float[] seen, List<float[]> levels) {
    /** The highest level, of a sample that was kept. */
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
   * Makes whole samples, from the first level to the last, as jobs make them.
   *
   * @param kept how many keep their levels
   * @param seen what is judged of the last level
   * @param watch sees a line now and then
   */
  public static <T> Samples<T> whole(
      Candidate candidate,
      List<Prompt<T>> prompts,
      int kept,
      UnaryOperator<float[]> seen,
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
                return new MadeSample(
                    seen.apply(levels.getLast()), number < kept ? levels : List.of());
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

  /** Makes samples of the first level alone, many at once; no other network is needed. */
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

  /** What is judged of each. */
  public List<float[]> seen() {
    return all.stream().map(MadeSample::seen).toList();
  }

  /** Those that kept their levels; they are the first ones. */
  public List<MadeSample> kept() {
    return all.stream().filter(one -> !one.levels.isEmpty()).toList();
  }

  /** What a level of all samples took. */
  public SamplingCost cost(Level of) {
    return costs.getOrDefault(of.name(), SamplingCost.NONE);
  }

  /** How many were made at a time. */
  public static int abreast() {
    return SamplerPool.size();
  }
}
