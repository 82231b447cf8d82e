package glimt.training.objects;

import glimt.metrics.PointSet;
import glimt.points.Colour;
import glimt.points.PointLevels;
import glimt.training.objects.GoldenSection.Least;
import glimt.training.objects.ObjectClouds.Item;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Real objects as results are compared with them: as they are in the data, except that round ones
 * are turned about their upright axis by chance, as they are in training. A prompt does not say
 * which way a tree stands.
 */
final class RealObjects {
  /** Ways to turn a round object that a copy of it is looked for in at first. */
  private static final int TURNS = 12;

  /** Half of what lies between two of them. */
  private static final double BETWEEN = Math.PI / TURNS;

  /** How far from the best turn of the points that are at hand that of the right ones may lie. */
  private static final double BESIDE = BETWEEN / 5;

  private static final int LOOKS = 6;

  /**
   * Of every how many points the forms are told apart by first, and how many of them then remain.
   */
  private static final int FEW = 4;

  private static final int CANDIDATES = 12;

  /** How many of those are looked at more closely. */
  private static final int FINALISTS = 2;

  /**
   * Chamfer distance below which two objects are twins: about twice that of two clouds strewn over
   * one surface.
   */
  static final double TWIN = 0.004;

  private final ObjectClouds objects;

  /** Every form of what was trained on, by class. */
  private final Map<Integer, List<TrainedForm>> forms = new HashMap<>();

  /**
   * An object as training showed it, turned and mirrored.
   *
   * @param round what has a front is never turned
   * @param coarse {@code [1024, 6]}, thinned before it was turned
   */
  private record TrainedForm(
      Item item, boolean round, float[] coarse, double turn, boolean mirrored, PointSet few) {

    static TrainedForm of(Item item, boolean round, float[] coarse, double turn, boolean mirrored) {
      PointSet few = thinned(coarse, turn, mirrored).every(FEW);
      return new TrainedForm(item, round, coarse, turn, mirrored, few);
    }

    private static PointSet thinned(float[] coarse, double turn, boolean mirrored) {
      return PointSet.of(ObjectVariations.turned(coarse.clone(), turn, mirrored)).every(2);
    }

    PointSet thinned(double turn) {
      return thinned(coarse, turn, mirrored);
    }
  }

  /** A form, turned further, and how far it is then from what is looked for. */
  private record Pose(TrainedForm form, double turn, double distance) {
    Pose turned(double reach, DoubleUnaryOperator distance) {
      if (!form.round) {
        return new Pose(form, turn, distance.applyAsDouble(turn));
      }
      Least least = GoldenSection.near(turn, reach, LOOKS, distance);
      return new Pose(form, least.at(), least.value());
    }
  }

  /**
   * The nearest of what was trained on.
   *
   * @param distance Chamfer
   */
  record Nearest(Specimen copy, double distance) {}

  RealObjects(ObjectClouds objects) {
    this.objects = objects;
    List<TrainedForm> all =
        objects.trained().parallelStream().flatMap(item -> forms(item).stream()).toList();
    all.forEach(
        form -> forms.computeIfAbsent(form.item.ofClass(), _ -> new ArrayList<>()).add(form));
  }

  private List<TrainedForm> forms(Item item) {
    List<TrainedForm> all = new ArrayList<>();
    float[] coarse = PointLevels.of(objects.cloud(item)).base();
    for (int turn = 0; turn < (round(item) ? TURNS : 1); turn++) {
      for (boolean mirrored : new boolean[] {false, true}) {
        double angle = 2 * Math.PI * turn / TURNS;
        all.add(TrainedForm.of(item, round(item), coarse, angle, mirrored));
      }
    }
    return all;
  }

  private boolean round(Item item) {
    return objects.words().classes().get(item.ofClass()).round();
  }

  /** What is asked for to get such an object: how it looks and what it is. */
  String prompt(Item item) {
    List<String> words = new ArrayList<>(item.states());
    words.addAll(objects.words().classes().get(item.ofClass()).words());
    return String.join(" ", words);
  }

  Specimen specimen(Item item, RandomGenerator random) {
    double turn = round(item) ? random.nextDouble(2 * Math.PI) : 0;
    return specimen(item, turn, false);
  }

  Specimen specimen(Item item, double turn, boolean mirrored) {
    float[] cloud = ObjectVariations.turned(objects.cloud(item), turn, mirrored);
    return Specimen.of(prompt(item), item.ofClass(), cloud);
  }

  List<Specimen> specimens(List<Item> items, long seed) {
    RandomGenerator random = ObjectClouds.random(seed);
    return items.stream().map(item -> specimen(item, random)).toList();
  }

  /**
   * What was trained on in the place of what was held out: for each of these an object of its
   * class, no object twice while there are others.
   */
  List<Specimen> standIns(List<Item> items, long seed) {
    RandomGenerator random = ObjectClouds.random(seed);
    List<Item> left = new ArrayList<>(objects.trained());
    List<Item> chosen = new ArrayList<>();
    for (Item item : items) {
      List<Item> own = ofClass(left, item.ofClass());
      List<Item> from = own.isEmpty() ? ofClass(objects.trained(), item.ofClass()) : own;
      Item one = from.get(random.nextInt(from.size()));
      left.remove(one);
      chosen.add(one);
    }
    return specimens(chosen, seed);
  }

  private static List<Item> ofClass(List<Item> items, int ofClass) {
    return items.stream().filter(item -> item.ofClass() == ofClass).toList();
  }

  /**
   * The object of the same class that was trained on and is nearest, however turned or mirrored. It
   * is looked for among all forms by few points; about the best of them, up to half way to the next
   * turn, by more points; and about the best of these by the points a result is measured by, which
   * are chosen from the cloud as it was turned.
   */
  Nearest nearest(Specimen specimen) {
    PointSet few = specimen.points().every(FEW);
    List<Pose> forms =
        this.forms.getOrDefault(specimen.ofClass(), List.of()).stream()
            .map(form -> new Pose(form, form.turn, form.few.chamfer(few)))
            .toList();
    List<Pose> near =
        best(forms, CANDIDATES).stream()
            .map(
                pose ->
                    pose.turned(
                        BETWEEN, turn -> pose.form.thinned(turn).chamfer(specimen.points())))
            .toList();
    return best(near, FINALISTS).stream()
        .map(pose -> nearest(pose, specimen))
        .min(Comparator.comparingDouble(Nearest::distance))
        .orElseThrow();
  }

  private Nearest nearest(Pose near, Specimen specimen) {
    TrainedForm form = near.form;
    DoubleUnaryOperator distance =
        turn -> specimen(form.item, turn, form.mirrored).points().chamfer(specimen.points());
    Pose asItIs = new Pose(form, form.turn, distance.applyAsDouble(form.turn));
    Pose best = best(List.of(asItIs, near.turned(BESIDE, distance)), 1).getFirst();
    return new Nearest(specimen(form.item, best.turn, form.mirrored), best.distance);
  }

  private static List<Pose> best(List<Pose> poses, int many) {
    return poses.stream().sorted(Comparator.comparingDouble(Pose::distance)).limit(many).toList();
  }

  /** Those that nothing that was trained on is nearly the same as, however turned or mirrored. */
  List<Item> withoutTwins(List<Item> items) {
    return items.stream()
        .filter(item -> nearest(specimen(item, 0, false)).distance() >= TWIN)
        .toList();
  }

  /** Whether anything of a class that was trained on is of a colour as it is. */
  boolean has(int ofClass, Colour colour) {
    return ofClass(objects.trained(), ofClass).stream()
        .anyMatch(item -> Colour.dominant(objects.cloud(item)).colour() == colour);
  }

  /** All objects under the prompt that asks for them, those alone in it left out. */
  Map<String, List<Specimen>> byPrompt(long seed) {
    List<Item> all = new ArrayList<>(objects.trained());
    all.addAll(objects.heldOut());
    Map<String, List<Specimen>> groups = new HashMap<>();
    specimens(all, seed)
        .forEach(one -> groups.computeIfAbsent(one.prompt(), _ -> new ArrayList<>()).add(one));
    groups.values().removeIf(group -> group.size() < 2);
    return groups;
  }

  /** All distances within a list. */
  static double[][] distances(List<Specimen> some) {
    double[][] all = new double[some.size()][some.size()];
    IntStream.range(0, some.size())
        .parallel()
        .forEach(
            i -> {
              for (int j = 0; j < i; j++) {
                all[i][j] = some.get(i).points().chamfer(some.get(j).points());
              }
            });
    for (int i = 0; i < all.length; i++) {
      for (int j = 0; j < i; j++) {
        all[j][i] = all[i][j];
      }
    }
    return all;
  }

  /** All distances between two lists, row by row. */
  static double[][] distances(List<Specimen> rows, List<Specimen> columns) {
    double[][] all = new double[rows.size()][columns.size()];
    IntStream.range(0, rows.size())
        .parallel()
        .forEach(
            row ->
                Arrays.setAll(
                    all[row],
                    column -> rows.get(row).points().chamfer(columns.get(column).points())));
    return all;
  }
}
