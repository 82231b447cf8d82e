package glimt.training.objects;

import glimt.media.Picture;
import glimt.metrics.Bar;
import glimt.metrics.Clouds;
import glimt.metrics.Figure;
import glimt.metrics.Surface;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.training.evaluation.Assessor;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.CascadeSampler;
import glimt.training.evaluation.Comparison;
import glimt.training.evaluation.Prompt;
import glimt.training.evaluation.Round;
import glimt.training.evaluation.SamplerPool;
import glimt.training.evaluation.Samples;
import glimt.training.evaluation.SamplingCost;
import glimt.training.evaluation.Unnamed;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Assesses clouds of coloured objects: whether they have the class and colour of their prompts; how
 * similar sets of them are to held-out objects; whether they are smooth, diverse and not copied;
 * and whether the upper level improves on simple interpolation.
 *
 * <p>One cloud is generated for the caption of each held-out object without a near-duplicate in
 * training, repeatedly until the requested number is reached. Each such set is compared with the
 * held-out set, and the figures are averaged. In the figures of sets, the column of real samples is
 * that of training objects, one for each held-out object; a copy is the training object nearest to
 * a cloud. The expected content of a prompt is a class, as an index into {@link
 * ObjectWords#classes}.
 */
final class ObjectAssessor implements Assessor<Integer, Measured> {
  private final Candidate candidate;
  private final BundleCard card;
  private final ObjectRecipe recipe;
  private final ObjectJudge judge;
  private final ObjectPictures pictures;
  private final @Nullable RealSets real;
  private final Consumer<String> watch;

  /**
   * Prepares the assessment of a candidate.
   *
   * @param objects real objects; if null, clouds are only classified
   * @param watch receives progress messages
   */
  ObjectAssessor(
      Candidate candidate,
      ObjectRecipe recipe,
      @Nullable ObjectClouds objects,
      Consumer<String> watch) {
    this.candidate = candidate;
    this.card = candidate.card();
    this.recipe = recipe;
    this.judge = new ObjectJudge(candidate.classifier(recipe.classifier(), recipe.heads()), recipe);
    this.pictures = new ObjectPictures(recipe);
    this.real = objects == null ? null : RealSets.of(objects);
    this.watch = watch;
  }

  @Override
  public Optional<Round<Integer>> first(int samples) {
    return Optional.empty();
  }

  /**
   * The captions of all held-out objects, repeated as necessary; without data, the names of all
   * classes equally often.
   */
  @Override
  public Round<Integer> whole(int samples) {
    List<Prompt<Integer>> prompts = new ArrayList<>();
    if (real == null) {
      int classes = recipe.words().classes().size();
      for (int ofClass = 0; ofClass < classes; ofClass++) {
        String name = recipe.words().classes().get(ofClass).name();
        for (int seed = 0; seed < Math.ceilDiv(samples, classes); seed++) {
          prompts.add(new Prompt<>(name, seed, ofClass));
        }
      }
    } else {
      for (int set = 0; set < real.sets(samples); set++) {
        for (Specimen one : real.held()) {
          prompts.add(new Prompt<>(one.prompt(), prompts.size(), one.ofClass()));
        }
      }
    }
    return new Round<>(card.levels().getLast(), false, samples, prompts, real != null);
  }

  /** All samples keep their levels, because clouds are small. */
  @Override
  public int kept() {
    return Integer.MAX_VALUE;
  }

  @Override
  public float[] seen(Level level, float[] sample) {
    return recipe.open(sample);
  }

  @Override
  public Measured judge(Round<Integer> round, Samples<Integer> samples) {
    List<Specimen> specimens = specimens(samples);
    return real == null
        ? Measured.named(judge.right(specimens), specimens)
        : real.measured(judge, specimens);
  }

  @Override
  public @Nullable Measured real(Round<Integer> round) {
    return real == null ? null : real.standIns(judge, round.prompts().size() / real.held().size());
  }

  @Override
  public @Nullable Measured copied(Round<Integer> round, Measured made) {
    return real == null ? null : real.copies(judge, made);
  }

  @Override
  public long untrainedSeed(NetworkRecipe network) {
    return network.seed();
  }

  @Override
  public List<Figure> figures(
      Round<Integer> round, Samples<Integer> made, Comparison<Measured> comparison)
      throws InterruptedException {
    Measured trained = comparison.other(Comparison.REAL);
    if (real == null || trained == null) {
      return List.of(
          Figure.of("class top-1, base level", judge.right(bases(made))),
          Figure.of("class top-1", comparison.made().right()));
    }
    List<Figure> figures = new ArrayList<>(compared(comparison, trained, real.held().size()));
    figures.addAll(baseLevel(bases(made), real.held()));
    figures.add(
        new PromptedColours(candidate, recipe, round.wanted(), watch)
            .figure(real.objects(), comparison)
            .toReach(new Bar.AtLeast(0.75)));
    figures.add(
        new HeldOutNames(candidate, recipe, judge, watch).figure().toReach(new Bar.AtLeast(0.75)));
    return figures;
  }

  private static List<Figure> compared(Comparison<Measured> all, Measured real, int heldOut) {
    return List.of(
        Figure.of("clouds", all.made().specimens().size()).beside(Comparison.REAL, heldOut),
        all.line("class top-1", one -> one.right()),
        all.line("class top-1 / real", one -> one.right() / real.right())
            .toReach(new Bar.AtLeast(0.9)),
        all.line("1-NNA, Chamfer", one -> one.sets().nna()).toReach(new Bar.AtMost(0.70)),
        all.line("COV / real", one -> one.sets().coverage() / real.sets().coverage())
            .toReach(new Bar.AtLeast(0.85)),
        all.line("MMD / real", one -> one.sets().matching() / real.sets().matching())
            .toReach(new Bar.AtMost(1.2)),
        all.line("local roughness / real", one -> one.roughness() / real.roughness())
            .toReach(new Bar.AtMost(1.4)),
        all.line("colour speckle / real", one -> one.speckle() / real.speckle())
            .toReach(new Bar.AtMost(1.8)),
        all.line("diversity within a prompt / real", one -> one.diversity())
            .toReach(new Bar.AtLeast(0.5)),
        all.line("distance to the nearest training object / real", one -> one.away() / real.away())
            .toReach(new Bar.AtLeast(0.7)));
  }

  /** The figures of the base level alone, which show its contribution to defects. */
  private List<Figure> baseLevel(List<Specimen> bases, List<Specimen> held) {
    List<Surface> made = surfaces(bases);
    List<Surface> real = surfaces(held);
    return List.of(
        Figure.of("base level: class top-1", judge.right(bases))
            .beside(Comparison.REAL, judge.right(held)),
        Figure.of(
            "base level: local roughness / real",
            Measured.mean(made, Surface::roughness) / Measured.mean(real, Surface::roughness)),
        Figure.of(
            "base level: colour speckle / real",
            Measured.mean(made, Surface::speckle) / Measured.mean(real, Surface::speckle)));
  }

  private static List<Surface> surfaces(List<Specimen> some) {
    return some.parallelStream().map(one -> Surface.of(one.coarse())).toList();
  }

  private static List<Specimen> specimens(Samples<Integer> samples) {
    List<Specimen> specimens = new ArrayList<>();
    for (int i = 0; i < samples.all().size(); i++) {
      Prompt<Integer> prompt = samples.prompts().get(i);
      specimens.add(Specimen.of(prompt.text(), prompt.wanted(), samples.all().get(i).seen()));
    }
    return specimens;
  }

  private List<Specimen> bases(Samples<Integer> samples) {
    List<Specimen> specimens = new ArrayList<>();
    for (int i = 0; i < samples.all().size(); i++) {
      Prompt<Integer> prompt = samples.prompts().get(i);
      float[] base = recipe.open(samples.all().get(i).levels().getFirst());
      specimens.add(Specimen.ofBase(prompt.text(), prompt.wanted(), base));
    }
    return specimens;
  }

  /** Enlarges the bases of all held-out clouds with the network and by midpoints. */
  @Override
  public List<Figure> enlarged(Level level, int samples, SamplerPool<CascadeSampler> pool)
      throws InterruptedException {
    return real == null ? List.of() : enlarged(level, real.held(), pool);
  }

  List<Figure> enlarged(Level level, List<Specimen> held, SamplerPool<CascadeSampler> pool)
      throws InterruptedException {
    List<Integer> numbers = IntStream.range(0, held.size()).boxed().toList();
    List<float[]> dense =
        pool.each(
            numbers,
            (sampler, i) -> {
              Specimen one = held.get(i);
              Prompt<Integer> prompt = new Prompt<>(one.prompt(), i, one.ofClass());
              return sampler.whole(level, prompt, recipe.standardise(one.coarse().clone()));
            });
    double made = 0;
    double midway = 0;
    for (int i = 0; i < dense.size(); i++) {
      made += Clouds.chamfer(recipe.open(dense.get(i)), held.get(i).dense());
      midway += Clouds.chamfer(Clouds.midpoints(held.get(i).coarse()), held.get(i).dense());
    }
    return List.of(
        Figure.of("dense level: Chamfer to the true cloud, x 1000", 1000 * made / held.size())
            .beside("midpoints", 1000 * midway / held.size()),
        Figure.of("dense level: Chamfer / that of midpoints", made / midway)
            .toReach(new Bar.AtMost(1)));
  }

  @Override
  public List<Figure> costs(Samples<Integer> made, @Nullable Samples<Integer> fast) {
    List<Figure> figures = new ArrayList<>();
    for (Level level : card.levels()) {
      figures.add(
          cost(level, ": processor seconds a cloud", made, fast, SamplingCost::secondsEach));
      figures.add(cost(level, ": network evaluations", made, fast, SamplingCost::callsEach));
    }
    return List.copyOf(figures);
  }

  private static Figure cost(
      Level level,
      String what,
      Samples<Integer> made,
      @Nullable Samples<Integer> fast,
      ToDoubleFunction<SamplingCost> value) {
    return Comparison.cost(
        level.name() + " level" + what, made, fast, all -> value.applyAsDouble(all.cost(level)));
  }

  @Override
  public List<Prompt<Integer>> shown() {
    return pictures.shown();
  }

  @Override
  public Picture sheet(Samples<Integer> samples) {
    return pictures.sheet(samples);
  }

  @Override
  public List<Prompt<Integer>> unnamed() {
    return pictures.unnamed();
  }

  @Override
  public Unnamed unnamed(Samples<Integer> samples) {
    return pictures.unnamed(samples);
  }

  @Override
  public void close() {
    judge.close();
  }
}
