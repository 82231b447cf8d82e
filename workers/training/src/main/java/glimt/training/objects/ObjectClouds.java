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
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Coloured objects as dense clouds with captions, divided into training objects and held-out
 * objects. The folder contains {@code objects4096.npz} (arrays {@code points} and {@code colors})
 * and {@code objects.json}.
 *
 * <p>Objects whose names differ only in a state, and objects of one class with nearly the same
 * shape, form a family, and a family is never divided: if the same sword occurred in both parts,
 * measurements on held-out objects would reward memorisation.
 */
public final class ObjectClouds {
  /** The number of points of a cloud. */
  public static final int DENSE = 4096;

  /**
   * The mean squared distance below which two shapes are near-duplicates, in units of half the
   * extent.
   */
  static final double TWIN = 0.0025;

  private static final int COARSE = 128;
  private static final double HELD_OUT = 0.12;

  /**
   * An object.
   *
   * @param row the index in the arrays
   * @param ofClass the index into {@link ObjectWords#classes}
   * @param states the words for its appearance
   * @param name its pack and file name
   * @param kind the index into {@link ObjectWords#kinds}, or -1
   */
  public record Item(int row, int ofClass, List<String> states, String name, int kind) {
    /** The subjects of {@link ObjectWords#grammar} by which captions call it. */
    List<Integer> names(ObjectWords words) {
      List<Integer> names = new ArrayList<>(List.of(ofClass));
      if (kind >= 0) {
        names.add(words.ofKind(kind));
      }
      states.stream()
          .findFirst()
          .ifPresent(state -> names.add(words.named(ofClass, Optional.of(state))));
      return names;
    }
  }

  private final ObjectWords words;
  private final Npy points;
  private final Npy colours;
  private final List<Item> trained = new ArrayList<>();
  private final List<Item> heldOut = new ArrayList<>();

  /**
   * Reads the objects of a folder.
   *
   * @param words derives captions from file names
   * @throws TrainingException if a file is missing or damaged, or the files do not match
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
                        .add(
                            new Item(
                                at,
                                meaning.ofClass(),
                                meaning.states(),
                                pack + "|" + name,
                                meaning.kind())));
      }
    }
    cut(joinTwins(new ArrayList<>(new java.util.TreeMap<>(families).values())));
  }

  private static JsonNode rows(Path json) {
    try {
      return new JsonMapper().readTree(json.toFile());
    } catch (IOException e) {
      throw new TrainingException("cannot read " + json, e);
    }
  }

  /** The words of the captions. */
  public ObjectWords words() {
    return words;
  }

  /** The training objects. */
  public List<Item> trained() {
    return Collections.unmodifiableList(trained);
  }

  /** The held-out objects. */
  public List<Item> heldOut() {
    return Collections.unmodifiableList(heldOut);
  }

  /** The cloud of an object, {@code [4096, 6]}: positions in [-1, 1], sRGB in [0, 1]. */
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

  /** Joins families of one class with nearly the same shape. */
  private List<List<Item>> joinTwins(List<List<Item>> families) {
    Map<Item, float[]> coarse = new HashMap<>();
    families.forEach(family -> family.forEach(item -> coarse.put(item, coarse(item))));
    for (int i = 0; i < families.size(); i++) {
      for (int j = i + 1; j < families.size(); j++) {
        if (twins(families.get(i), families.get(j), coarse)) {
          families.get(i).addAll(families.remove(j));
          j = i; // the joined family may have near-duplicates among the families already compared
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

  /** Evenly distributed points of an object: every 32nd in k-d order. */
  private float[] coarse(Item item) {
    float[] sorted = KdOrder.sorted(cloud(item));
    int[] some = new int[COARSE];
    Arrays.setAll(some, i -> i * (DENSE / COARSE) + DENSE / COARSE / 2);
    return KdOrder.gather(sorted, some, KdOrder.CHANNELS);
  }

  /**
   * The mean squared distance of points to the nearest point of the other cloud, averaged over both
   * directions.
   */
  private static double distance(float[] a, float[] b) {
    return glimt.metrics.Clouds.chamfer(a, b) / 2;
  }

  /** Selects the held-out families of each class, in an order that depends only on the recipe. */
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
      throw new TrainingException(
          "no object of the data belongs to a class of the recipe; check the patterns of its"
              + " classes");
    }
  }

  static RandomGenerator random(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }
}
