package glimt.training.objects;

import glimt.media.Picture;
import glimt.metrics.Bar;
import glimt.metrics.Clouds;
import glimt.metrics.Figure;
import glimt.metrics.Surface;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.points.Colour;
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
import glimt.training.objects.ObjectClouds.Item;
import glimt.training.objects.RealObjects.Nearest;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Judges clouds of coloured objects: do they show what was asked for, in the colour that was asked
 * for; as a set, are they like objects that training never saw; are they smooth, various and not
 * copied; is the upper level better than none?
 *
 * <p>One cloud is made for each held-out object that has no twin in training, by its caption, and
 * that as often as it takes for the wanted number. Each such set is compared with the held-out set,
 * and the figures are averaged. In the figures of sets, the real column is that of objects that
 * were trained on, one for each held out; a copy is the object nearest to a cloud among those
 * trained on. A prompt wants a class, by its index into {@link ObjectWords#classes}.
 */
final class ObjectAssessor implements Assessor<Integer, Measured> {
  private final Candidate candidate;
  private final BundleCard card;
  private final ObjectRecipe recipe;
  private final ObjectJudge judge;
  private final ObjectPictures pictures;
  private final @Nullable Reality reality;
  private final Consumer<String> watch;

  /**
   * What results are compared with.
   *
   * @param items held out, without twins in training
   * @param held the same as they are measured
   * @param prompts real objects under the prompts that ask for them
   */
  private record Reality(
      RealObjects objects,
      List<Item> items,
      List<Specimen> held,
      Map<String, List<Specimen>> prompts) {
    static Reality of(ObjectClouds clouds) {
      RealObjects objects = new RealObjects(clouds);
      List<Item> items = objects.withoutTwins(clouds.heldOut());
      if (items.isEmpty()) {
        throw new TrainingException(
            "each of the %s objects held out has a near copy among those trained on, so that nothing"
                    .formatted(clouds.heldOut().size())
                + " can be measured by them: more objects are needed");
      }
      return new Reality(objects, items, objects.specimens(items, 1), objects.byPrompt(2));
    }

    /** How often each held-out object is asked for. */
    int sets(int samples) {
      return Math.ceilDiv(samples, held.size());
    }
  }

  /**
   * @param objects real ones; without them there is nothing to compare with, and clouds are only
   *     named
   * @param watch sees a line now and then
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
    this.reality = objects == null ? null : Reality.of(objects);
    this.watch = watch;
  }

  @Override
  public Optional<Round<Integer>> first(int samples) {
    return Optional.empty();
  }

  /** Each held-out object as often as it takes; without any, every class as often as the others. */
  @Override
  public Round<Integer> whole(int samples) {
    List<Prompt<Integer>> prompts = new ArrayList<>();
    if (reality == null) {
      int classes = recipe.words().classes().size();
      for (int ofClass = 0; ofClass < classes; ofClass++) {
        String name = recipe.words().classes().get(ofClass).name();
        for (int seed = 0; seed < Math.ceilDiv(samples, classes); seed++) {
          prompts.add(new Prompt<>(name, seed, ofClass));
        }
      }
    } else {
      for (int set = 0; set < reality.sets(samples); set++) {
        for (Specimen one : reality.held) {
          prompts.add(new Prompt<>(one.prompt(), prompts.size(), one.ofClass()));
        }
      }
    }
    return new Round<>(card.levels().getLast(), false, samples, prompts, reality != null);
  }

  /** Clouds are small. */
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
    return reality == null
        ? Measured.named(judge.right(specimens), specimens)
        : measured(reality, specimens, reality.objects::nearest);
  }

  private Measured measured(
      Reality real, List<Specimen> specimens, Function<Specimen, Nearest> nearest) {
    return Measured.of(judge, specimens, real.held, nearest, real.prompts);
  }

  private static Nearest itself(Specimen specimen) {
    return new Nearest(specimen, 0);
  }

  @Override
  public @Nullable Measured real(Round<Integer> round) {
    if (reality == null) {
      return null;
    }
    List<Specimen> standIns = new ArrayList<>();
    for (int set = 0; set < round.prompts().size() / reality.held.size(); set++) {
      standIns.addAll(reality.objects.standIns(reality.items, set));
    }
    return measured(reality, standIns, ObjectAssessor::itself)
        .ofHeldOut(measured(reality, reality.held, reality.objects::nearest));
  }

  @Override
  public @Nullable Measured copied(Round<Integer> round, Measured made) {
    return reality == null
        ? null
        : measured(
            reality, made.nearest().stream().map(Nearest::copy).toList(), ObjectAssessor::itself);
  }

  @Override
  public long untrainedSeed(NetworkRecipe network) {
    return network.seed();
  }

  @Override
  public List<Figure> figures(
      Round<Integer> round, Samples<Integer> made, Comparison<Measured> comparison)
      throws InterruptedException {
    Measured real = comparison.other(Comparison.REAL);
    if (reality == null || real == null) {
      return List.of(
          Figure.of("class top-1, base level", judge.right(bases(made))),
          Figure.of("class top-1", comparison.made().right()));
    }
    List<Figure> figures = new ArrayList<>(compared(comparison, real, reality.held.size()));
    figures.addAll(baseLevel(bases(made), reality.held));
    figures.add(
        colours(reality.objects, comparison, round.wanted()).toReach(new Bar.AtLeast(0.75)));
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

  /** The base level alone: how much of a flaw is its own. */
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

  /**
   * How often the colour that was asked for is that of most points: every class in every colour, up
   * to about so many pairs. Copying can only give the colours that an object of the class has.
   */
  private Figure colours(RealObjects real, Comparison<Measured> comparison, int most)
      throws InterruptedException {
    List<Colour> wanted = new ArrayList<>();
    List<Prompt<Integer>> prompts = new ArrayList<>();
    int copied = 0;
    int classes = recipe.words().classes().size();
    List<Colour> colours = List.of(Colour.values());
    int pairs = colours.size() * classes;
    for (int pair = 0; pair < pairs; pair += Math.max(1, pairs / most)) {
      Colour colour = colours.get(pair / classes);
      int ofClass = pair % classes;
      String text = colour.word() + " " + recipe.words().classes().get(ofClass).name();
      prompts.add(new Prompt<>(text, pair, ofClass));
      wanted.add(colour);
      copied += real.has(ofClass, colour) ? 1 : 0;
    }
    watch.accept("%s clouds of every class in every colour".formatted(prompts.size()));
    List<float[]> made = Samples.whole(candidate, prompts, 0, recipe::open, watch).seen();
    Measured untrained = comparison.other(Comparison.UNTRAINED);
    int right = 0;
    int chance = 0;
    for (int i = 0; i < made.size(); i++) {
      right += Colour.dominant(made.get(i)).colour() == wanted.get(i) ? 1 : 0;
      if (untrained != null) {
        float[] noise = untrained.specimens().get(i % untrained.specimens().size()).dense();
        chance += Colour.dominant(noise).colour() == wanted.get(i) ? 1 : 0;
      }
    }
    double all = made.size();
    return Figure.of("colour word dominant", right / all)
        .beside(Comparison.UNTRAINED, chance / all)
        .beside(Comparison.COPIED, copied / all);
  }

  /** All held-out clouds made dense again from their base, by the network and by midpoints. */
  @Override
  public List<Figure> enlarged(Level level, int samples, SamplerPool<CascadeSampler> pool)
      throws InterruptedException {
    return reality == null ? List.of() : enlarged(level, reality.held, pool);
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
    Figure figure =
        Figure.of(level.name() + " level" + what, value.applyAsDouble(made.cost(level)));
    return fast == null
        ? figure
        : figure.beside(Comparison.FAST, value.applyAsDouble(fast.cost(level)));
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
