package glimt.training.objects;

import glimt.bundle.Bundle;
import glimt.bundle.NetworkSource;
import glimt.media.CloudPicture;
import glimt.media.ContactSheet;
import glimt.media.Picture;
import glimt.media.PointCloud;
import glimt.metrics.Bar;
import glimt.metrics.CloudSets;
import glimt.metrics.Clouds;
import glimt.metrics.Figure;
import glimt.metrics.Surface;
import glimt.points.Colour;
import glimt.training.Classifier;
import glimt.training.Classifier.Seen;
import glimt.training.Recipe;
import glimt.training.Training;
import glimt.training.objects.CloudMakers.Cost;
import glimt.training.objects.CloudMakers.Made;
import glimt.training.objects.ObjectClouds.Item;
import glimt.training.objects.RealObjects.Nearest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
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

  private static final int TOGETHER = 16;
  private static final String REAL = "real";
  private static final String UNTRAINED = "untrained";
  private static final String COPIED = "copied";
  private static final double AZIMUTH = 35;
  private static final double ELEVATION = 20;
  private static final int COLUMNS = 8;
  private static final int SIDE = 110;

  private static final int UNNAMED = 40;

  /** Their first seed, so that they are not those of the contact sheet. */
  private static final int NAMED_FROM = 1000;

  private final int enough;
  private final Bundle bundle;
  private final Recipe whole;
  private final ObjectRecipe recipe;
  private final CloudMakers makers;
  private final Classifier classifier;

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
    whole = Recipe.parse(Training.RECIPE, bundle.text(Training.RECIPE));
    recipe = ObjectRecipe.of(whole);
    String source = recipe.classifier().source();
    classifier =
        new Classifier(
            NetworkSource.parse(source, bundle.text(source)),
            bundle.tensors(Training.CLASSIFIER),
            recipe.heads());
    makers = CloudMakers.of(bundle, recipe);
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
    see.accept(sheet(recipe.words().shown()).jpeg());
    return List.copyOf(figures);
  }

  /** Unselected clouds to be looked at, one of every prompt; their seeds count from 0. */
  Picture sheet(List<String> prompts) throws InterruptedException {
    return ContactSheet.of(cells(prompts, 0, SIDE), COLUMNS, SIDE);
  }

  /** Forty unselected clouds to be named blindly: of every class, then of the first ones again. */
  public List<ContactSheet.Cell> unnamed(int side, Consumer<String> watch)
      throws InterruptedException {
    watch.accept("%d clouds to be named".formatted(UNNAMED));
    List<ObjectWords.ObjectClass> classes = recipe.words().classes();
    List<String> prompts = new ArrayList<>();
    for (int i = 0; i < UNNAMED; i++) {
      prompts.add(classes.get(i % classes.size()).name());
    }
    return cells(prompts, NAMED_FROM, side);
  }

  private List<ContactSheet.Cell> cells(List<String> prompts, int firstSeed, int side)
      throws InterruptedException {
    List<Asked> asked = new ArrayList<>();
    for (String prompt : prompts) {
      asked.add(new Asked(prompt, -1, firstSeed + asked.size()));
    }
    List<Made> made = makers.make(asked);
    List<ContactSheet.Cell> cells = new ArrayList<>();
    for (int i = 0; i < made.size(); i++) {
      PointCloud cloud = PointCloud.ofRows(made.get(i).dense());
      Picture picture = CloudPicture.of(cloud, side, AZIMUTH, ELEVATION);
      cells.add(new ContactSheet.Cell(picture, prompts.get(i)));
    }
    return List.copyOf(cells);
  }

  /** Whether clouds are named as they were asked for, every class as often as every other. */
  List<Figure> named(int each, Consumer<String> watch) throws InterruptedException {
    List<Asked> asked = new ArrayList<>();
    for (int ofClass = 0; ofClass < recipe.words().classes().size(); ofClass++) {
      for (int seed = 0; seed < each; seed++) {
        asked.add(new Asked(recipe.words().classes().get(ofClass).name(), ofClass, seed));
      }
    }
    watch.accept("making %d clouds".formatted(asked.size()));
    List<Made> made = makers.make(asked);
    List<Figure> figures = new ArrayList<>();
    figures.add(Figure.of("class top-1, base level", right(bases(made, asked))));
    figures.add(Figure.of("class top-1", right(specimens(made, asked))));
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
        "making %d clouds, %d for each of %d held-out objects; %d more have twins in training"
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
    Measured ours = measured(specimens(made, asked), held, real::nearest, prompts);
    List<Specimen> copies = ours.nearest.stream().map(Nearest::copy).toList();
    Function<Specimen, Nearest> itself = one -> new Nearest(one, 0);
    Measured theirs =
        measured(standIns, held, itself, prompts)
            .ofHeldOut(measured(held, held, real::nearest, prompts));
    Measured first = measured(specimens(noise, asked), held, real::nearest, prompts);
    Measured copied = measured(copies, held, itself, prompts);
    Four four = new Four(ours, theirs, first, copied);

    List<Figure> figures = new ArrayList<>();
    figures.add(Figure.of("clouds", made.size()).beside(REAL, held.size()));
    figures.add(four.line("class top-1", m -> m.right));
    figures.add(
        four.line("class top-1 / real", m -> m.right / theirs.right).toReach(new Bar.AtLeast(0.9)));
    figures.add(four.line("1-NNA, Chamfer", m -> m.sets.nna).toReach(new Bar.AtMost(0.70)));
    figures.add(
        four.line("COV / real", m -> m.sets.coverage / theirs.sets.coverage)
            .toReach(new Bar.AtLeast(0.85)));
    figures.add(
        four.line("MMD / real", m -> m.sets.matching / theirs.sets.matching)
            .toReach(new Bar.AtMost(1.2)));
    figures.add(
        four.line("local roughness / real", m -> m.roughness / theirs.roughness)
            .toReach(new Bar.AtMost(1.4)));
    figures.add(
        four.line("colour speckle / real", m -> m.speckle / theirs.speckle)
            .toReach(new Bar.AtMost(1.8)));
    figures.add(
        four.line("diversity within a prompt / real", m -> m.diversity)
            .toReach(new Bar.AtLeast(0.5)));
    figures.add(
        four.line("distance to the nearest training object / real", m -> m.away / theirs.away)
            .toReach(new Bar.AtLeast(0.7)));
    figures.addAll(baseLevel(bases(made, asked), held));
    figures.add(colours(real, first, watch).toReach(new Bar.AtLeast(0.75)));
    figures.addAll(enlargement(held, watch));
    figures.addAll(costs(made));
    return figures;
  }

  /** What is measured of a list of clouds; sets follow one another in it. */
  private record Measured(
      double right,
      Sets sets,
      double roughness,
      double speckle,
      double diversity,
      double away,
      List<Nearest> nearest,
      List<Specimen> specimens) {

    /** Real objects: as sets those of training stand in, all else is of those held out. */
    Measured ofHeldOut(Measured held) {
      return new Measured(
          held.right, sets, held.roughness, held.speckle, 1, held.away, held.nearest, specimens);
    }
  }

  private record Four(Measured made, Measured real, Measured untrained, Measured copied) {
    Figure line(String what, ToDoubleFunction<Measured> of) {
      return Figure.of(what, of.applyAsDouble(made))
          .beside(REAL, of.applyAsDouble(real))
          .beside(UNTRAINED, of.applyAsDouble(untrained))
          .beside(COPIED, of.applyAsDouble(copied));
    }
  }

  /** Averages over sets of as many as were held out. */
  private record Sets(double nna, double coverage, double matching) {}

  private Measured measured(
      List<Specimen> clouds,
      List<Specimen> held,
      Function<Specimen, Nearest> nearestOf,
      Map<String, List<Specimen>> prompts) {
    List<Surface> surfaces =
        clouds.parallelStream().map(cloud -> Surface.of(cloud.dense())).toList();
    List<Nearest> nearest = clouds.parallelStream().map(nearestOf).toList();
    return new Measured(
        right(clouds),
        sets(clouds, held),
        mean(surfaces, Surface::roughness),
        mean(surfaces, Surface::speckle),
        diversity(clouds, prompts),
        mean(nearest, Nearest::distance),
        nearest,
        clouds);
  }

  private static Sets sets(List<Specimen> clouds, List<Specimen> held) {
    double[][] realToReal = RealObjects.distances(held);
    int sets = clouds.size() / held.size();
    double nna = 0;
    double coverage = 0;
    double matching = 0;
    for (int set = 0; set < sets; set++) {
      List<Specimen> own = clouds.subList(set * held.size(), (set + 1) * held.size());
      CloudSets compared =
          new CloudSets(RealObjects.distances(held, own), realToReal, RealObjects.distances(own));
      nna += compared.nearestNeighbourAccuracy() / sets;
      coverage += compared.coverage() / sets;
      matching += compared.minimumMatching() / sets;
    }
    return new Sets(nna, coverage, matching);
  }

  /**
   * The mean distance between two clouds of one prompt over that between two real objects of it,
   * both averaged over the prompts.
   */
  private static double diversity(List<Specimen> clouds, Map<String, List<Specimen>> prompts) {
    Map<String, List<Specimen>> own =
        clouds.stream()
            .collect(Collectors.groupingBy(Specimen::prompt, TreeMap::new, Collectors.toList()));
    double made = 0;
    double real = 0;
    for (var group : own.entrySet()) {
      List<Specimen> objects = prompts.get(group.getKey());
      if (objects != null && group.getValue().size() > 1) {
        made += spread(group.getValue());
        real += spread(objects);
      }
    }
    return made / real;
  }

  private static double spread(List<Specimen> clouds) {
    double[][] all = RealObjects.distances(clouds);
    double sum = 0;
    for (double[] row : all) {
      for (double distance : row) {
        sum += distance;
      }
    }
    return sum / (clouds.size() * (clouds.size() - 1.0));
  }

  /** The base level alone: how much of a flaw is its own. */
  private List<Figure> baseLevel(List<Specimen> bases, List<Specimen> held) {
    Function<List<Specimen>, List<Surface>> surfaces =
        some -> some.parallelStream().map(one -> Surface.of(one.coarse())).toList();
    List<Surface> made = surfaces.apply(bases);
    List<Surface> real = surfaces.apply(held);
    return List.of(
        Figure.of("base level: class top-1", right(bases)).beside(REAL, right(held)),
        Figure.of(
            "base level: local roughness / real",
            mean(made, Surface::roughness) / mean(real, Surface::roughness)),
        Figure.of(
            "base level: colour speckle / real",
            mean(made, Surface::speckle) / mean(real, Surface::speckle)));
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

  /** The share whose class is found among all classes. */
  private double right(List<Specimen> clouds) {
    var random = ObjectClouds.random(7);
    int right = 0;
    for (int from = 0; from < clouds.size(); from += TOGETHER) {
      List<Specimen> some = clouds.subList(from, Math.min(clouds.size(), from + TOGETHER));
      List<float[]> seen =
          some.stream().map(one -> recipe.standardise(one.coarse().clone())).toList();
      List<Seen> found = classifier.see(ObjectNames.seen(seen, random));
      for (int i = 0; i < found.size(); i++) {
        right += found.get(i).classes().getFirst() == some.get(i).ofClass() ? 1 : 0;
      }
    }
    return right / (double) clouds.size();
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
    watch.accept("making %d clouds of every class in every colour".formatted(asked.size()));
    List<Made> made = makers.make(asked);
    int right = 0;
    int chance = 0;
    for (int i = 0; i < made.size(); i++) {
      right += Colour.dominant(made.get(i).dense()).colour() == wanted.get(i) ? 1 : 0;
      float[] noise = untrained.specimens.get(i % untrained.specimens.size()).dense();
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
    watch.accept("%d held-out objects made dense again".formatted(held.size()));
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
    return mean(made, one -> of.apply(one).seconds());
  }

  private static double calls(List<Made> made, Function<Made, Cost> of) {
    return mean(made, one -> of.apply(one).evaluations());
  }

  private static <T> double mean(List<T> all, ToDoubleFunction<T> of) {
    return all.stream().mapToDouble(of).average().orElseThrow();
  }

  @Override
  public void close() {
    makers.close();
    classifier.close();
  }
}
