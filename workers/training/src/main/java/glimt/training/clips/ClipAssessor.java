package glimt.training.clips;

import glimt.media.Picture;
import glimt.metrics.Bar;
import glimt.metrics.Figure;
import glimt.metrics.Moments;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.training.clips.ClipJudge.Recognised;
import glimt.training.evaluation.Assessor;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.CascadeSampler;
import glimt.training.evaluation.Comparison;
import glimt.training.evaluation.Prompt;
import glimt.training.evaluation.Round;
import glimt.training.evaluation.SamplerPool;
import glimt.training.evaluation.Samples;
import glimt.training.evaluation.Share;
import glimt.training.evaluation.Unnamed;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Assesses clips for held-out combinations: whether they show what their prompts describe, and how
 * similar they are to real clips.
 */
final class ClipAssessor implements Assessor<Scene, ClipAnswer> {
  /** The seeds of prompts and scenes. */
  private static final long ASKED = 1;

  private static final long REFERENCE = 2;
  private static final long OTHERS = 3;
  private static final long ENLARGED = 4;
  private static final long UNNAMED = 5;
  private static final long UNTRAINED = 4242;

  private static final int SHOWN = 32;
  private static final int NAMED = 40;

  private final BundleCard card;
  private final Grammar grammar;
  private final ClipJudge judge;
  private final @Nullable Ladder ladder;
  private final Consumer<String> watch;

  /** The feature moments of real clips by level and number of clips. */
  private final Map<String, Moments> references = new HashMap<>();

  /**
   * Prepares the assessment of a candidate.
   *
   * @param renderer renders real clips; if null, comparisons with real clips are omitted
   * @param watch receives progress messages
   */
  ClipAssessor(
      Candidate candidate, ClipRecipe recipe, @Nullable Renderer renderer, Consumer<String> watch) {
    this.card = candidate.card();
    this.grammar = recipe.grammar();
    this.judge = new ClipJudge(candidate.classifier(recipe.classifier(), recipe.heads()), grammar);
    this.ladder = renderer == null ? null : new Ladder(renderer);
    this.watch = watch;
  }

  @Override
  public Optional<Round<Scene>> first(int samples) {
    return Optional.of(
        new Round<>(card.levels().getFirst(), true, samples, prompts(samples, ASKED), true));
  }

  @Override
  public Round<Scene> whole(int samples) {
    return new Round<>(card.levels().getLast(), false, samples, prompts(samples, ASKED), false);
  }

  private List<Prompt<Scene>> prompts(int count, long seed) {
    return HeldOut.prompts(grammar, count, seed);
  }

  @Override
  public int kept() {
    return SHOWN;
  }

  @Override
  public float[] seen(Level level, float[] sample) {
    return ClipJudge.keys(sample, level.axis("frames").extent(), Ladder.size(level));
  }

  @Override
  public ClipAnswer judge(Round<Scene> round, Samples<Scene> samples) {
    return judge(round, samples.prompts(), samples.seen());
  }

  private ClipAnswer judge(Round<Scene> round, List<Prompt<Scene>> prompts, List<float[]> clips) {
    List<Recognised> shown = judge.judge(clips);
    PromptAdherence adherence = PromptAdherence.of(prompts, shown);
    double distance =
        ladder == null || clips.size() < 2
            ? Double.NaN
            : Moments.of(shown.stream().map(Recognised::features).toArray(double[][]::new))
                .frechet(reference(ladder, round));
    return new ClipAnswer(adherence, judge.constancy(clips), distance);
  }

  private Moments reference(Ladder truth, Round<Scene> round) {
    int samples = round.prompts().size();
    Level level = round.level();
    return references.computeIfAbsent(
        level.name() + " " + samples,
        _ -> Moments.of(judge.features(keys(truth, level, prompts(samples, REFERENCE)))));
  }

  private static List<float[]> keys(Ladder truth, Level level, List<Prompt<Scene>> prompts) {
    return prompts.stream().map(one -> truth.keys(one.wanted(), level)).toList();
  }

  @Override
  public @Nullable ClipAnswer real(Round<Scene> round) {
    if (ladder == null) {
      return null;
    }
    List<Prompt<Scene>> others = prompts(round.prompts().size(), OTHERS);
    return judge(round, others, keys(ladder, round.level(), others));
  }

  @Override
  public @Nullable ClipAnswer copied(Round<Scene> round, ClipAnswer made) {
    if (ladder == null) {
      return null;
    }
    Copies copies = new Copies(grammar, ladder, round.level());
    return judge(round, round.prompts(), copies.of(round.prompts()));
  }

  @Override
  public long untrainedSeed(NetworkRecipe network) {
    return UNTRAINED;
  }

  @Override
  public List<Figure> figures(
      Round<Scene> round, Samples<Scene> made, Comparison<ClipAnswer> comparison)
      throws InterruptedException {
    List<Figure> figures = new ArrayList<>(compared(round.level().name(), comparison));
    if (!round.alone()) {
      SeamFigures seams = new SeamFigures(made);
      figures.addAll(seams.borders(ladder));
      figures.addAll(seams.uncut(watch));
    }
    return figures;
  }

  private List<Figure> compared(String level, Comparison<ClipAnswer> comparison) {
    List<Figure> figures = new ArrayList<>();
    figures.add(comparison.line(level + ": clips", one -> one.adherence().right().size()));
    figures.add(
        comparison
            .line(level + ": background colour right", one -> one.adherence().colour())
            .toReach(new Bar.AtLeast(0.97)));
    figures.add(comparison.line(level + ": motion right", one -> one.adherence().motion()));
    for (int i = 0; i < grammar.motions().size(); i++) {
      int number = i;
      Grammar.Motion motion = grammar.motions().get(i);
      Figure figure =
          comparison.line(
              level + ": motion right, " + motion.word(), one -> one.adherence().motion(number));
      boolean goes = motion.x() != 0 || motion.y() != 0 || motion.from() != motion.to();
      figures.add(
          goes
              ? figure.toReach(new Bar.AtLeast(0.97))
              : motion.turns() != 0 ? figure.toReach(new Bar.AtLeast(0.7)) : figure);
    }
    figures.add(
        comparison
            .line(level + ": subject right, top-1", one -> one.adherence().subject())
            .toReach(new Bar.AtLeast(0.88)));
    figures.add(
        comparison
            .line(level + ": all three right", one -> one.adherence().all())
            .toReach(new Bar.AtLeast(0.82)));
    figures.add(
        comparison
            .line(level + ": subject the same in the first and last frame", ClipAnswer::constancy)
            .toReach(new Bar.AtLeast(0.85)));
    ClipAnswer real = comparison.other(Comparison.REAL);
    if (real != null && !Double.isNaN(real.distance())) {
      double least = real.distance();
      figures.add(
          comparison.line(level + ": Fréchet distance to real clips", ClipAnswer::distance));
      figures.add(
          comparison
              .line(level + ": the same, real against real = 1", one -> one.distance() / least)
              .toReach(new Bar.AtMost(2.5)));
    }
    return figures;
  }

  @Override
  public List<Figure> enlarged(Level level, int samples, SamplerPool<CascadeSampler> pool)
      throws InterruptedException {
    Ladder truth = ladder;
    if (truth == null) {
      return List.of();
    }
    Level below = Ladder.below(card.levels(), level);
    List<Prompt<Scene>> prompts = prompts(samples, ENLARGED);
    List<Upsampling> shares =
        pool.each(
            Share.of(samples),
            (sampler, share) -> {
              Upsampling upsampling = new Upsampling(truth, below, level, share.from());
              for (Prompt<Scene> prompt : prompts.subList(share.from(), share.to())) {
                upsampling.add(sampler, prompt);
              }
              return upsampling;
            });
    Upsampling all = shares.stream().reduce(Upsampling::plus).orElseThrow();
    return all.figures(judge, prompts(samples, REFERENCE));
  }

  @Override
  public List<Figure> costs(Samples<Scene> made, @Nullable Samples<Scene> fast) {
    List<Figure> figures = new ArrayList<>();
    for (Level level : card.levels()) {
      figures.add(
          Comparison.cost(
              "%s: network evaluations a clip, of %s segments"
                  .formatted(level.name(), level.segments().size()),
              made,
              fast,
              one -> one.cost(level).rowsEach()));
      figures.add(
          Comparison.cost(
              level.name() + ": seconds of one core a clip",
              made,
              fast,
              one -> one.cost(level).secondsEach()));
    }
    figures.add(
        Comparison.cost(
            "all levels: seconds of one core a clip",
            made,
            fast,
            one ->
                card.levels().stream().mapToDouble(level -> one.cost(level).secondsEach()).sum()));
    figures.add(
        Comparison.cost(
            "all levels: seconds of the clock a clip, %s abreast".formatted(Samples.abreast()),
            made,
            fast,
            one -> one.clockSeconds() / one.all().size()));
    return figures;
  }

  @Override
  public List<Prompt<Scene>> shown() {
    return List.of();
  }

  @Override
  public Picture sheet(Samples<Scene> samples) {
    return new Showing(card, samples.level()).sheet(samples);
  }

  @Override
  public List<Prompt<Scene>> unnamed() {
    return HeldOut.ofEverySubject(grammar, NAMED, UNNAMED);
  }

  @Override
  public Unnamed unnamed(Samples<Scene> samples) {
    return new Showing(card, samples.level()).unnamed(samples);
  }

  @Override
  public void close() {
    judge.close();
  }
}
