package glimt.training.objects;

import glimt.bundle.Bundle;
import glimt.bundle.NetworkSource;
import glimt.media.ContactSheet;
import glimt.metrics.Bar;
import glimt.metrics.Clouds;
import glimt.metrics.Figure;
import glimt.metrics.Surface;
import glimt.points.Colour;
import glimt.training.learning.Classifier;
import glimt.training.objects.CloudMakers.Cost;
import glimt.training.objects.CloudMakers.Made;
import glimt.training.objects.ObjectClouds.Item;
import glimt.training.objects.RealObjects.Nearest;
import glimt.training.recipe.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Measures a bundle of coloured objects: do its clouds show what was asked, in the colour that was
 * asked; as a set, are they like objects it never saw; are they smooth, various and its own; is the
 * upper level better than none?
 *
 * <p>One cloud is made for each held-out object that has no twin in training, by its caption, and
 * that as often as it takes for 256 clouds. Each such set is compared with the held-out set, and
 * the figures are averaged. Beside the bundle's stand three that it has to be told from: objects
 * that were held out (in the figures of sets, objects that were trained on, one for each held out);
 * the same networks untrained; and copies, that is for each cloud of the bundle the object nearest
 * to it among those trained on.
 */
public final class ObjectEvaluation implements AutoCloseable {
  /** Clouds of each kind in the bundle's card. */
  private static final int ENOUGH = 256;

  private static final String REAL = "real";
  private static final String UNTRAINED = "untrained";
  private static final String COPIED = "copied";

  private final int enough;
  private final Bundle bundle;
  private final Recipe whole;
  private final ObjectRecipe recipe;
  private final CloudMakers makers;
  private final ObjectPictures pictures;
  private final ObjectJudge judge;

  /**
   * @param bundle with its recipe and its classifier
   */
  public ObjectEvaluation(Bundle bundle) {
    this(bundle, ENOUGH);
  }

  /**
   * @param enough the least number of clouds of each kind
   */
  ObjectEvaluation(Bundle bundle, int enough) {
    this.enough = enough;
    this.bundle = bundle;
    whole = Recipe.parse(Recipe.FILE, bundle.text(Recipe.FILE));
    recipe = ObjectRecipe.of(whole);
    String source = recipe.classifier().source();
    judge =
        new ObjectJudge(
            new Classifier(
                NetworkSource.parse(source, bundle.text(source)),
                bundle.tensors(Classifier.WEIGHTS),
                recipe.heads()),
            recipe);
    makers = CloudMakers.of(bundle, recipe);
    pictures = new ObjectPictures(makers);
  }

  /**
   * All figures of the bundle's card.
   *
   * @param material real objects; without them there is nothing to compare with, and clouds are
   *     only named
   * @param watch hears what is being done
   * @param see takes a contact sheet of unselected results, a JPEG picture
   */
  public List<Figure> measure(
      @Nullable ObjectMaterial material, Consumer<String> watch, Consumer<byte[]> see)
      throws InterruptedException {
    List<Figure> figures =
        new ArrayList<>(
            material == null
                ? named(Math.ceilDiv(enough, recipe.words().classes().size()), watch)
                : compared(new RealObjects(material.objects()), material.objects(), watch));
    see.accept(pictures.sheet(recipe.words().shown()).jpeg());
    return List.copyOf(figures);
  }

  /** Forty unselected clouds to be named blindly: of every class, then of the first ones again. */
  public List<ContactSheet.Cell> unnamed(int side, Consumer<String> watch)
      throws InterruptedException {
    return pictures.unnamed(recipe.words(), side, watch);
  }

  /** Whether clouds are named as they were asked for, every class as often as every other. */
  List<Figure> named(int each, Consumer<String> watch) throws InterruptedException {
    List<Asked> asked = new ArrayList<>();
    for (int ofClass = 0; ofClass < recipe.words().classes().size(); ofClass++) {
      for (int seed = 0; seed < each; seed++) {
        asked.add(new Asked(recipe.words().classes().get(ofClass).name(), ofClass, seed));
      }
    }
    watch.accept("making %s clouds".formatted(asked.size()));
    List<Made> made = makers.make(asked);
    List<Figure> figures = new ArrayList<>();
    figures.add(Figure.of("class top-1, base level", judge.right(bases(made, asked))));
    figures.add(Figure.of("class top-1", judge.right(specimens(made, asked))));
    figures.addAll(costs(made));
    return List.copyOf(figures);
  }

  private List<Figure> compared(RealObjects real, ObjectClouds objects, Consumer<String> watch)
      throws InterruptedException {
    List<Item> items = real.withoutTwins(objects.heldOut());
    List<Specimen> held = real.specimens(items, 1);
    int sets = Math.ceilDiv(enough, held.size());
    List<Asked> asked = new ArrayList<>();
    for (int set = 0; set < sets; set++) {
      for (Specimen one : held) {
        asked.add(new Asked(one.prompt(), one.ofClass(), asked.size()));
      }
    }
    watch.accept(
        "making %s clouds, %s for each of %s held-out objects; %s more have twins in training"
            .formatted(asked.size(), sets, items.size(), objects.heldOut().size() - items.size()));
    List<Made> made = makers.make(asked);
    watch.accept("as many by untrained networks");
    List<Made> noise;
    try (CloudMakers untrained = CloudMakers.untrained(bundle, whole, recipe)) {
      noise = untrained.make(asked);
    }
    watch.accept("comparing them");
    List<Specimen> standIns = new ArrayList<>();
    for (int set = 0; set < sets; set++) {
      standIns.addAll(real.standIns(items, set));
    }
    Map<String, List<Specimen>> prompts = real.byPrompt(2);
    Measured ours = Measured.of(judge, specimens(made, asked), held, real::nearest, prompts);
    List<Specimen> copies = ours.nearest().stream().map(Nearest::copy).toList();
    Function<Specimen, Nearest> itself = one -> new Nearest(one, 0);
    Measured theirs =
        Measured.of(judge, standIns, held, itself, prompts)
            .ofHeldOut(Measured.of(judge, held, held, real::nearest, prompts));
    Measured first = Measured.of(judge, specimens(noise, asked), held, real::nearest, prompts);
    Measured copied = Measured.of(judge, copies, held, itself, prompts);
    Four four = new Four(ours, theirs, first, copied);

    List<Figure> figures = new ArrayList<>();
    figures.add(Figure.of("clouds", made.size()).beside(REAL, held.size()));
    figures.add(four.line("class top-1", m -> m.right()));
    figures.add(
        four.line("class top-1 / real", m -> m.right() / theirs.right())
            .toReach(new Bar.AtLeast(0.9)));
    figures.add(four.line("1-NNA, Chamfer", m -> m.sets().nna()).toReach(new Bar.AtMost(0.70)));
    figures.add(
        four.line("COV / real", m -> m.sets().coverage() / theirs.sets().coverage())
            .toReach(new Bar.AtLeast(0.85)));
    figures.add(
        four.line("MMD / real", m -> m.sets().matching() / theirs.sets().matching())
            .toReach(new Bar.AtMost(1.2)));
    figures.add(
        four.line("local roughness / real", m -> m.roughness() / theirs.roughness())
            .toReach(new Bar.AtMost(1.4)));
    figures.add(
        four.line("colour speckle / real", m -> m.speckle() / theirs.speckle())
            .toReach(new Bar.AtMost(1.8)));
    figures.add(
        four.line("diversity within a prompt / real", m -> m.diversity())
            .toReach(new Bar.AtLeast(0.5)));
    figures.add(
        four.line("distance to the nearest training object / real", m -> m.away() / theirs.away())
            .toReach(new Bar.AtLeast(0.7)));
    figures.addAll(baseLevel(bases(made, asked), held));
    figures.add(colours(real, first, watch).toReach(new Bar.AtLeast(0.75)));
    figures.addAll(enlargement(held, watch));
    figures.addAll(costs(made));
    return figures;
  }

  private record Four(Measured made, Measured real, Measured untrained, Measured copied) {
    Figure line(String what, ToDoubleFunction<Measured> of) {
      return Figure.of(what, of.applyAsDouble(made))
          .beside(REAL, of.applyAsDouble(real))
          .beside(UNTRAINED, of.applyAsDouble(untrained))
          .beside(COPIED, of.applyAsDouble(copied));
    }
  }

  /** The base level alone: how much of a flaw is its own. */
  private List<Figure> baseLevel(List<Specimen> bases, List<Specimen> held) {
    Function<List<Specimen>, List<Surface>> surfaces =
        some -> some.parallelStream().map(one -> Surface.of(one.coarse())).toList();
    List<Surface> made = surfaces.apply(bases);
    List<Surface> real = surfaces.apply(held);
    return List.of(
        Figure.of("base level: class top-1", judge.right(bases)).beside(REAL, judge.right(held)),
        Figure.of(
            "base level: local roughness / real",
            Measured.mean(made, Surface::roughness) / Measured.mean(real, Surface::roughness)),
        Figure.of(
            "base level: colour speckle / real",
            Measured.mean(made, Surface::speckle) / Measured.mean(real, Surface::speckle)));
  }

  private List<Specimen> specimens(List<Made> made, List<Asked> asked) {
    List<Specimen> specimens = new ArrayList<>();
    for (int i = 0; i < made.size(); i++) {
      specimens.add(
          Specimen.of(asked.get(i).prompt(), asked.get(i).ofClass(), made.get(i).dense()));
    }
    return specimens;
  }

  private List<Specimen> bases(List<Made> made, List<Asked> asked) {
    List<Specimen> specimens = new ArrayList<>();
    for (int i = 0; i < made.size(); i++) {
      specimens.add(
          Specimen.ofBase(asked.get(i).prompt(), asked.get(i).ofClass(), made.get(i).base()));
    }
    return specimens;
  }

  /**
   * How often the colour that was asked for is that of most points: every class in every colour.
   * Copying can only give the colours that an object of the class has.
   */
  private Figure colours(RealObjects real, Measured untrained, Consumer<String> watch)
      throws InterruptedException {
    List<Colour> wanted = new ArrayList<>();
    List<Asked> asked = new ArrayList<>();
    int copied = 0;
    int classes = recipe.words().classes().size();
    List<Colour> colours = List.of(Colour.values());
    int pairs = colours.size() * classes;
    for (int pair = 0; pair < pairs; pair += Math.max(1, pairs / enough)) {
      Colour colour = colours.get(pair / classes);
      int ofClass = pair % classes;
      String prompt = colour.word() + " " + recipe.words().classes().get(ofClass).name();
      asked.add(new Asked(prompt, ofClass, pair));
      wanted.add(colour);
      copied += real.has(ofClass, colour) ? 1 : 0;
    }
    watch.accept("making %s clouds of every class in every colour".formatted(asked.size()));
    List<Made> made = makers.make(asked);
    int right = 0;
    int chance = 0;
    for (int i = 0; i < made.size(); i++) {
      right += Colour.dominant(made.get(i).dense()).colour() == wanted.get(i) ? 1 : 0;
      float[] noise = untrained.specimens().get(i % untrained.specimens().size()).dense();
      chance += Colour.dominant(noise).colour() == wanted.get(i) ? 1 : 0;
    }
    double all = made.size();
    return Figure.of("colour word dominant", right / all)
        .beside(UNTRAINED, chance / all)
        .beside(COPIED, copied / all);
  }

  /** Held-out clouds made dense again from their base, by the network and by midpoints. */
  List<Figure> enlargement(List<Specimen> held, Consumer<String> watch)
      throws InterruptedException {
    watch.accept("%s held-out objects made dense again".formatted(held.size()));
    List<Asked> asked = new ArrayList<>();
    List<float[]> bases = new ArrayList<>();
    for (Specimen one : held) {
      asked.add(new Asked(one.prompt(), one.ofClass(), asked.size()));
      bases.add(recipe.standardise(one.coarse().clone()));
    }
    List<float[]> dense = makers.enlarge(asked, bases);
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

  private static List<Figure> costs(List<Made> made) {
    return List.of(
        Figure.of("base level: processor seconds a cloud", seconds(made, Made::baseCost)),
        Figure.of("base level: network evaluations", calls(made, Made::baseCost)),
        Figure.of("dense level: processor seconds a cloud", seconds(made, Made::denseCost)),
        Figure.of("dense level: network evaluations", calls(made, Made::denseCost)));
  }

  private static double seconds(List<Made> made, Function<Made, Cost> of) {
    return Measured.mean(made, one -> of.apply(one).seconds());
  }

  private static double calls(List<Made> made, Function<Made, Cost> of) {
    return Measured.mean(made, one -> of.apply(one).evaluations());
  }

  @Override
  public void close() {
    makers.close();
    judge.close();
  }
}
