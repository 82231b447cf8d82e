package glimt.training.objects;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import glimt.points.KdOrder;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Coloured objects as dense clouds with captions, cut into a part to train on and a part held out.
 * The folder holds {@code objects4096.npz} (arrays {@code points} and {@code colors}) and {@code
 * objects.json}.
 *
 * <p>Objects whose names differ only in a state, and objects of one class that are nearly the same
 * shape, are one family, and a family is never cut: the same sword in two packs would make every
 * measurement on held-out data measure memory instead.
 */
public final class ObjectClouds {
  /** Points of every cloud. */
  public static final int DENSE = 4096;

  /**
   * Two shapes whose mean squared distance is below this are near-twins (unit: half the extent).
   */
  static final double TWIN = 0.0025;

  private static final int COARSE = 128;
  private static final double HELD_OUT = 0.12;

  /**
   * One object.
   *
   * @param row in the arrays
   * @param ofClass index into {@link ObjectWords#classes}
   * @param states words for how it looks
   * @param name pack and file name
   */
  public record Item(int row, int ofClass, List<String> states, String name) {}

  private final ObjectWords words;
  private final Npy points;
  private final Npy colours;
  private final List<Item> trained = new ArrayList<>();
  private final List<Item> heldOut = new ArrayList<>();

  /**
   * @throws TrainingException if a file is missing, broken, or does not fit the other
   */
  public ObjectClouds(Path folder, ObjectWords words) {
    this.words = words;
    Path npz = folder.resolve("objects4096.npz");
    points = Npy.read(npz, "points");
    colours = Npy.read(npz, "colors");
    JsonNode rows = rows(folder.resolve("objects.json"));
    List<Integer> shape = List.of(rows.size(), DENSE, 3);
    if (!points.shape().equals(shape) || !colours.shape().equals(shape)) {
      throw new TrainingException(
          "%s: points %s and colors %s, but objects.json has %s rows"
              .formatted(npz, points.shape(), colours.shape(), rows.size()));
    }
    Map<String, List<Item>> families = new HashMap<>();
    for (int row = 0; row < rows.size(); row++) {
      String pack = rows.get(row).path("pack").asText();
      String name = rows.get(row).path("name").asText();
      boolean colourless = rows.get(row).path("textured").asBoolean();
      int at = row;
      if (!colourless) {
        words
            .read(pack, name)
            .ifPresent(
                meaning ->
                    families
                        .computeIfAbsent(
                            meaning.ofClass() + "|" + meaning.family(), _ -> new ArrayList<>())
                        .add(new Item(at, meaning.ofClass(), meaning.states(), pack + "|" + name)));
      }
    }
    cut(joinTwins(new ArrayList<>(new java.util.TreeMap<>(families).values())));
  }

  private static JsonNode rows(Path json) {
    try {
      return new JsonMapper().readTree(json.toFile());
    } catch (IOException e) {
      throw new TrainingException("could not read " + json, e);
    }
  }

  /** How file names become captions. */
  public ObjectWords words() {
    return words;
  }

  /** The objects to train on. */
  public List<Item> trained() {
    return Collections.unmodifiableList(trained);
  }

  /** The objects that training never sees. */
  public List<Item> heldOut() {
    return Collections.unmodifiableList(heldOut);
  }

  /** {@code [4096, 6]}: positions in [-1, 1], sRGB in [0, 1]. */
  public float[] cloud(Item item) {
    float[] cloud = new float[DENSE * KdOrder.CHANNELS];
    for (int point = 0; point < DENSE; point++) {
      for (int i = 0; i < 3; i++) {
        int from = (item.row() * DENSE + point) * 3 + i;
        cloud[point * KdOrder.CHANNELS + i] = points.at(from);
        cloud[point * KdOrder.CHANNELS + 3 + i] = colours.at(from) / 255;
      }
    }
    return cloud;
  }

  /** Families of one class with nearly the same shape become one. */
  private List<List<Item>> joinTwins(List<List<Item>> families) {
    Map<Item, float[]> coarse = new HashMap<>();
    families.forEach(family -> family.forEach(item -> coarse.put(item, coarse(item))));
    for (int i = 0; i < families.size(); i++) {
      for (int j = i + 1; j < families.size(); j++) {
        if (twins(families.get(i), families.get(j), coarse)) {
          families.get(i).addAll(families.remove(j));
          j = i; // what joined may have twins among those already passed
        }
      }
    }
    return families;
  }

  private static boolean twins(List<Item> some, List<Item> others, Map<Item, float[]> coarse) {
    if (some.getFirst().ofClass() != others.getFirst().ofClass()) {
      return false;
    }
    for (Item one : some) {
      for (Item other : others) {
        if (distance(
                coarse.getOrDefault(one, new float[0]), coarse.getOrDefault(other, new float[0]))
            < TWIN) {
          return true;
        }
      }
    }
    return false;
  }

  /** Evenly spread points of an object: every 32nd in k-d order. */
  private float[] coarse(Item item) {
    float[] sorted = KdOrder.sorted(cloud(item));
    int[] some = new int[COARSE];
    Arrays.setAll(some, i -> i * (DENSE / COARSE) + DENSE / COARSE / 2);
    return KdOrder.gather(sorted, some, KdOrder.CHANNELS);
  }

  /** The mean squared distance of points to the nearest of the other cloud, both ways averaged. */
  private static double distance(float[] a, float[] b) {
    return glimt.metrics.Clouds.chamfer(a, b) / 2;
  }

  /** Holds families out class by class, in an order that depends on the recipe alone. */
  private void cut(List<List<Item>> families) {
    RandomGenerator random = random(20261123);
    for (int c = 0; c < words.classes().size(); c++) {
      int ofClass = c;
      List<List<Item>> own =
          new ArrayList<>(
              families.stream().filter(f -> f.getFirst().ofClass() == ofClass).toList());
      int count = own.stream().mapToInt(List::size).sum();
      Collections.shuffle(own, random);
      int wanted = own.size() < 3 ? 0 : Math.max(1, (int) Math.round(HELD_OUT * count));
      Set<List<Item>> out = new HashSet<>();
      int held = 0;
      for (List<Item> family : own) {
        if (held < wanted && held + family.size() <= wanted + 2) {
          out.add(family);
          held += family.size();
        }
      }
      own.forEach(family -> (out.contains(family) ? heldOut : trained).addAll(family));
    }
    if (trained.isEmpty()) {
      throw new TrainingException("no object is of a class that the recipe names");
    }
  }

  static RandomGenerator random(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }
}
