package glimt.training.objects;

import static glimt.points.KdOrder.CHANNELS;

import glimt.points.Colour;
import glimt.training.objects.ObjectClouds.Item;
import glimt.training.words.CaptionGrammar;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Data augmentation: objects are mirrored, rotated, stretched and painted, and their captions
 * adapted. Without painting, no caption would be "a blue rock".
 */
final class ObjectVariations {
  private static final double PAINTED = 0.35;
  private static final double COLOUR_SAID = 0.5;
  private static final double STATE_SAID = 0.8;
  private static final double KIND_SAID = 0.6;
  private static final double STRETCH = 0.07;
  private static final double LEAN = 0.08;
  private static final List<Colour> COLOURS = List.of(Colour.values());

  private final ObjectClouds objects;

  /**
   * Cumulative weights of the items; the weight of a class is the fourth root of its number of
   * members, times its weight in the recipe.
   */
  private final double[] upTo;

  ObjectVariations(ObjectClouds objects) {
    this.objects = objects;
    List<Item> items = objects.trained();
    double[] members = new double[objects.words().classes().size()];
    items.forEach(item -> members[item.ofClass()]++);
    upTo = new double[items.size()];
    double sum = 0;
    for (int i = 0; i < upTo.length; i++) {
      int ofClass = items.get(i).ofClass();
      sum += objects.words().classes().get(ofClass).weight() * Math.pow(members[ofClass], -0.75);
      upTo[i] = sum;
    }
  }

  /** Draws a random object and augments it. */
  CaptionedCloud draw(RandomGenerator random) {
    double at = random.nextDouble(upTo[upTo.length - 1]);
    int chosen = java.util.Arrays.binarySearch(upTo, at);
    return vary(objects.trained().get(chosen < 0 ? -chosen - 1 : chosen), random);
  }

  CaptionedCloud vary(Item item, RandomGenerator random) {
    float[] cloud = objects.cloud(item);
    reshape(cloud, objects.words().classes().get(item.ofClass()).round(), random);
    boolean painted = random.nextDouble() < PAINTED;
    if (painted) {
      paint(cloud, random);
    } else {
      tint(cloud, random);
    }
    int subject = name(item, painted, random);
    boolean said = painted || random.nextDouble() < COLOUR_SAID;
    int colour = said ? COLOURS.indexOf(Colour.dominant(cloud).colour()) : CaptionGrammar.UNSAID;
    return new CaptionedCloud(cloud, subject, colour, item.ofClass());
  }

  /** The subject of the caption: the class, the kind, or the class in its state unless painted. */
  private int name(Item item, boolean painted, RandomGenerator random) {
    ObjectWords words = objects.words();
    double chance = random.nextDouble();
    if (!painted && !item.states().isEmpty()) {
      return chance < STATE_SAID
          ? words.named(item.ofClass(), Optional.of(item.states().getFirst()))
          : item.ofClass();
    }
    return item.kind() >= 0 && chance < KIND_SAID ? words.ofKind(item.kind()) : item.ofClass();
  }

  /**
   * Mirrors a cloud, rotates it around the y axis and scales it to fit into [-1, 1], in place.
   *
   * @param turn the angle in radians
   */
  static float[] turned(float[] cloud, double turn, boolean mirrored) {
    reshape(cloud, turn, mirrored ? -1 : 1, new double[] {1, 1, 1});
    return cloud;
  }

  private static void reshape(float[] cloud, boolean round, RandomGenerator random) {
    double turn = round ? random.nextDouble(2 * Math.PI) : random.nextGaussian(0, LEAN);
    double mirror = random.nextBoolean() ? 1 : -1;
    double[] stretch = new double[3];
    for (int axis = 0; axis < 3; axis++) {
      stretch[axis] = Math.exp(random.nextGaussian(0, STRETCH));
    }
    reshape(cloud, turn, mirror, stretch);
  }

  private static void reshape(float[] cloud, double turn, double mirror, double[] stretch) {
    double cos = Math.cos(turn);
    double sin = Math.sin(turn);
    for (int at = 0; at < cloud.length; at += CHANNELS) {
      double x = cloud[at] * mirror;
      double z = cloud[at + 2];
      cloud[at] = (float) ((x * cos + z * sin) * stretch[0]);
      cloud[at + 1] = (float) (cloud[at + 1] * stretch[1]);
      cloud[at + 2] = (float) ((z * cos - x * sin) * stretch[2]);
    }
    fit(cloud);
  }

  /**
   * Moves the centre of the bounding box to 0 and scales its longest half-extent to 1, in place.
   */
  static void fit(float[] cloud) {
    float longest = Float.MIN_NORMAL;
    for (int axis = 0; axis < 3; axis++) {
      float least = Float.POSITIVE_INFINITY;
      float most = Float.NEGATIVE_INFINITY;
      for (int at = axis; at < cloud.length; at += CHANNELS) {
        least = Math.min(least, cloud[at]);
        most = Math.max(most, cloud[at]);
      }
      for (int at = axis; at < cloud.length; at += CHANNELS) {
        cloud[at] -= (least + most) / 2;
      }
      longest = Math.max(longest, (most - least) / 2);
    }
    for (int at = 0; at < cloud.length; at++) {
      cloud[at] = at % CHANNELS < 3 ? cloud[at] / longest : cloud[at];
    }
  }

  /**
   * Paints all points, or those of the most frequent colour, in a random colour while preserving
   * their shading.
   */
  private static void paint(float[] cloud, RandomGenerator random) {
    Colour wanted = COLOURS.get(random.nextInt(COLOURS.size()));
    float[] paint = wanted.rgb();
    boolean everywhere = random.nextBoolean();
    Colour dominant = Colour.dominant(cloud).colour();
    boolean[] painted = new boolean[cloud.length / CHANNELS];
    double light = 0;
    int count = 0;
    for (int i = 0; i < painted.length; i++) {
      int at = i * CHANNELS + 3;
      painted[i] = everywhere || Colour.of(cloud[at], cloud[at + 1], cloud[at + 2]) == dominant;
      light += painted[i] ? luma(cloud, at) : 0;
      count += painted[i] ? 1 : 0;
    }
    light = Math.max(0.02, light / Math.max(1, count));
    double cover = random.nextDouble(0.75, 1);
    double gain = Math.exp(random.nextGaussian(0, 0.08));
    for (int i = 0; i < painted.length; i++) {
      int at = i * CHANNELS + 3;
      double shade = gain * Math.clamp(Math.sqrt(luma(cloud, at) / light), 0.5, 1.5);
      for (int c = 0; painted[i] && c < 3; c++) {
        double mixed = cover * paint[c] * shade + (1 - cover) * cloud[at + c];
        cloud[at + c] = (float) Math.clamp(mixed, 0, 1);
      }
    }
  }

  /** The luma of Rec. 601. */
  private static double luma(float[] cloud, int at) {
    return 0.299 * cloud[at] + 0.587 * cloud[at + 1] + 0.114 * cloud[at + 2];
  }

  private static void tint(float[] cloud, RandomGenerator random) {
    for (int c = 3; c < CHANNELS; c++) {
      double gain = Math.exp(random.nextGaussian(0, 0.05));
      double shift = random.nextGaussian(0, 0.02);
      for (int at = c; at < cloud.length; at += CHANNELS) {
        cloud[at] = (float) Math.clamp(cloud[at] * gain + shift, 0, 1);
      }
    }
  }
}
