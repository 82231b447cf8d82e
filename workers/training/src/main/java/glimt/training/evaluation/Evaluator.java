package glimt.training.evaluation;

import glimt.media.Picture;
import glimt.metrics.Figure;
import glimt.model.Level;
import glimt.model.Quality;
import glimt.training.recipe.TrainingException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Measures a candidate on held-out prompts: whether samples show what their prompts describe, how
 * similar they are to real samples, and whether upper levels improve on plain enlargement. Prompts
 * and seeds are fixed.
 *
 * @param <T> the expected content of a prompt
 * @param <A> the assessment of a list of samples
 */
public final class Evaluator<T, A> implements AutoCloseable {
  private final Candidate candidate;
  private final List<Level> levels;
  private final Assessor<T, A> assessor;
  private final Consumer<String> watch;

  /** The results of a round. */
  private record RoundResult<T>(List<Figure> figures, Samples<T> made, @Nullable Samples<T> fast) {}

  /**
   * Creates an evaluator.
   *
   * @param assessor the assessor, which is closed with this evaluator
   * @param watch receives progress messages
   */
  public Evaluator(Candidate candidate, Assessor<T, A> assessor, Consumer<String> watch) {
    this.candidate = candidate;
    this.levels = candidate.card().levels();
    this.assessor = assessor;
    this.watch = watch;
  }

  /** An evaluator of a candidate that was trained on this material. */
  public static Evaluator<?, ?> of(Candidate candidate, Material material, Consumer<String> watch) {
    return of(candidate, material.assessor(candidate, watch), watch);
  }

  private static <T, A> Evaluator<T, A> of(
      Candidate candidate, Assessor<T, A> assessor, Consumer<String> watch) {
    return new Evaluator<>(candidate, assessor, watch);
  }

  /**
   * Measures all figures of a bundle's card.
   *
   * @param extent the numbers of samples
   * @param drawn whether to draw a contact sheet as well
   */
  public Report measure(Extent extent, boolean drawn) throws InterruptedException {
    List<Figure> figures = new ArrayList<>();
    Round<T> first = assessor.first(extent.first()).orElse(null);
    if (first != null) {
      figures.addAll(held(first).figures);
    }
    RoundResult<T> whole = held(assessor.whole(extent.whole()));
    figures.addAll(whole.figures);
    for (Level level : levels.subList(1, levels.size())) {
      figures.addAll(enlarged(level, extent.enlarged()));
    }
    figures.addAll(assessor.costs(whole.made, whole.fast));
    return new Report(figures, drawn ? sheet(whole.made) : null);
  }

  private Picture sheet(Samples<T> made) throws InterruptedException {
    List<Prompt<T>> shown = assessor.shown();
    return assessor.sheet(shown.isEmpty() ? made : kept(shown));
  }

  /**
   * Measures the figures of one level, which does not need the networks of other levels.
   *
   * @throws TrainingException if the level cannot be measured alone
   */
  public Report measure(String name, int samples) throws InterruptedException {
    Level level = candidate.card().level(name);
    if (!level.equals(levels.getFirst())) {
      return new Report(enlarged(level, samples), null);
    }
    Round<T> first =
        assessor
            .first(samples)
            .orElseThrow(
                () ->
                    new TrainingException(
                        "the level %s of '%s' cannot be measured by itself; leave out --only"
                            .formatted(name, candidate.recipe().dataset())));
    RoundResult<T> result = held(first);
    Picture sheet = assessor.sheet(result.made);
    return new Report(result.figures, sheet);
  }

  /** Generates unselected results for a blind naming test. */
  public Unnamed unnamed() throws InterruptedException {
    return assessor.unnamed(kept(assessor.unnamed()));
  }

  /** Generates and assesses the samples of a round and its baselines. */
  private RoundResult<T> held(Round<T> round) throws InterruptedException {
    Samples<T> made = made(candidate, round, assessor.kept());
    Comparison<A> comparison = new Comparison<>(assessor.judge(round, made));
    watch.accept("%s: %s".formatted(round.level().name(), comparison.made()));
    add(comparison, round, Comparison.REAL, assessor.real(round));
    if (round.controlled()) {
      Samples<T> untrained = made(candidate.untrained(assessor::untrainedSeed), round, 0);
      add(comparison, round, Comparison.UNTRAINED, assessor.judge(round, untrained));
      add(comparison, round, Comparison.COPIED, assessor.copied(round, comparison.made()));
    }
    Samples<T> fast = null;
    if (levels(round).stream().anyMatch(level -> level.fast() != null)) {
      fast = made(candidate.at(Quality.FAST), round, 0);
      add(comparison, round, Comparison.FAST, assessor.judge(round, fast));
    }
    return new RoundResult<>(assessor.figures(round, made, comparison), made, fast);
  }

  private List<Level> levels(Round<T> round) {
    return round.alone() ? List.of(round.level()) : levels;
  }

  private void add(Comparison<A> comparison, Round<T> round, String name, @Nullable A answer) {
    if (answer != null) {
      comparison.add(name, answer);
      watch.accept("%s, %s: %s".formatted(round.level().name(), name, answer));
    }
  }

  private Samples<T> made(Candidate by, Round<T> round, int kept) throws InterruptedException {
    Level level = round.level();
    watch.accept("%s: %s samples".formatted(level.name(), round.prompts().size()));
    return round.alone()
        ? Samples.ofFirstLevel(by, round.prompts(), kept, sample -> assessor.seen(level, sample))
        : Samples.whole(by, round.prompts(), kept, all -> assessor.seen(levels, all), watch);
  }

  /** Generates whole samples that keep their levels, for visual inspection. */
  private Samples<T> kept(List<Prompt<T>> prompts) throws InterruptedException {
    watch.accept("%s samples to look at".formatted(prompts.size()));
    return Samples.whole(
        candidate, prompts, prompts.size(), all -> assessor.seen(levels, all), watch);
  }

  private List<Figure> enlarged(Level level, int samples) throws InterruptedException {
    watch.accept("%s: real samples enlarged".formatted(level.name()));
    try (SamplerPool<CascadeSampler> pool = SamplerPool.of(candidate)) {
      return assessor.enlarged(level, samples, pool);
    }
  }

  @Override
  public void close() {
    assessor.close();
  }
}
