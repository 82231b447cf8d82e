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
 * The real objects with which results are compared. Objects of round classes are rotated randomly
 * around the y axis, as in training, because prompts do not specify the orientation of, for
 * example, a tree.
 */
final class RealObjects {
  /**
   * The number of rotations of a round object in the first stage of the search for the nearest one.
   */
  private static final int TURNS = 12;

  /** Half the angle between two rotations. */
  private static final double BETWEEN = Math.PI / TURNS;

  /** The search range of the last stage around the best rotation of the second stage. */
  private static final double BESIDE = BETWEEN / 5;

  private static final int LOOKS = 6;

  /** The first stage compares every fourth point and keeps {@link #CANDIDATES} poses. */
  private static final int FEW = 4;

  private static final int CANDIDATES = 12;

  /** The number of poses that the last stage refines. */
  private static final int FINALISTS = 2;

  /**
   * The Chamfer distance below which two objects are near-duplicates, about twice that of two
   * random samples of one surface.
   */
  static final double TWIN = 0.004;

  private final ObjectClouds objects;

  /** All poses of the training objects by class. */
  private final Map<Integer, List<TrainedForm>> forms = new HashMap<>();

  /**
   * A training object with a rotation and reflection.
   *
   * @param round whether the object may be rotated
   * @param coarse {@code [1024, 6]}, thinned before the rotation
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

  /** A form with a refined rotation, and its distance from the cloud. */
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
   * The nearest training object of a cloud.
   *
   * @param copy the object in its best pose
   * @param distance the Chamfer distance
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

  /** The prompt for an object: the words for its appearance and its class. */
  String prompt(Item item) {
    List<String> words = new ArrayList<>(item.states());
    words.add(objects.words().classes().get(item.ofClass()).name());
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
   * Selects a random training object of the same class for each item, without repetition while
   * there are others.
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
   * Finds the nearest training object of the same class over all rotations and reflections, in
   * three stages: all poses with few points; the best of them with more points and refined
   * rotations; and the best of these with exactly the points by which results are measured, which
   * are selected from the rotated cloud.
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

  /**
   * The items that have no near-duplicate among the training objects in any rotation or reflection.
   */
  List<Item> withoutTwins(List<Item> items) {
    return items.stream()
        .filter(item -> nearest(specimen(item, 0, false)).distance() >= TWIN)
        .toList();
  }

  /** Whether a training object of a class has this dominant colour. */
  boolean has(int ofClass, Colour colour) {
    return ofClass(objects.trained(), ofClass).stream()
        .anyMatch(item -> Colour.dominant(objects.cloud(item)).colour() == colour);
  }

  /** All objects by prompt, without prompts that have only one object. */
  Map<String, List<Specimen>> byPrompt(long seed) {
    List<Item> all = new ArrayList<>(objects.trained());
    all.addAll(objects.heldOut());
    Map<String, List<Specimen>> groups = new HashMap<>();
    specimens(all, seed)
        .forEach(one -> groups.computeIfAbsent(one.prompt(), _ -> new ArrayList<>()).add(one));
    groups.values().removeIf(group -> group.size() < 2);
    return groups;
  }

  /** The Chamfer distances between all clouds of a list. */
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

  /** The Chamfer distances between the clouds of two lists, row by row. */
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
