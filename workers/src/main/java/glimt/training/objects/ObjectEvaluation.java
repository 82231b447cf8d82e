package glimt.training.objects;

import glimt.bundle.Bundle;
import glimt.bundle.NetworkSource;
import glimt.media.CloudPicture;
import glimt.media.ContactSheet;
import glimt.media.Picture;
import glimt.media.PointCloud;
import glimt.metrics.Clouds;
import glimt.metrics.Figure;
import glimt.points.Colour;
import glimt.points.KdOrder;
import glimt.points.PointLevels;
import glimt.training.Classifier;
import glimt.training.Classifier.Seen;
import glimt.training.Recipe;
import glimt.training.Training;
import glimt.training.objects.ObjectClouds.Item;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Measures a bundle of coloured objects: do its clouds show what was asked, in the colour that was
 * asked, and is its upper level better than none?
 */
public final class ObjectEvaluation implements AutoCloseable {
  private static final int TOGETHER = 16;
  private static final int COARSE = 256;
  private static final double AZIMUTH = 35;
  private static final double ELEVATION = 20;

  /** Clouds of a class and of a colour in the bundle's card. */
  private static final int EACH = 16;

  private static final int COLUMNS = 8;
  private static final int SIDE = 110;

  private static final int UNNAMED = 40;

  /** Their first seed, so that they are not those of the contact sheet. */
  private static final int NAMED_FROM = 1000;

  private final CloudWalks walks;
  private final Classifier classifier;
  private final ObjectRecipe recipe;

  /**
   * @param bundle with its recipe and its classifier
   */
  public ObjectEvaluation(Bundle bundle) {
    recipe = ObjectRecipe.of(Recipe.parse(Training.RECIPE, bundle.text(Training.RECIPE)));
    String source = recipe.classifier().source();
    classifier =
        new Classifier(
            NetworkSource.parse(source, bundle.text(source)),
            bundle.tensors(Training.CLASSIFIER),
            recipe.heads());
    walks = new CloudWalks(bundle);
  }

  /**
   * All figures of the bundle's card.
   *
   * @param material real objects; without them nothing is compared with what was held out
   * @param watch hears what is being done
   * @param see takes a contact sheet of unselected results, a JPEG picture
   */
  public List<Figure> measure(
      @Nullable ObjectMaterial material, Consumer<String> watch, Consumer<byte[]> see)
      throws InterruptedException {
    List<Figure> figures = new ArrayList<>(classes(EACH, material, watch));
    figures.add(colours(EACH / 2, watch));
    if (material != null) {
      figures.add(enlargement(material.objects(), watch));
    }
    see.accept(sheet(recipe.words().shown()).jpeg());
    return List.copyOf(figures);
  }

  /** Unselected clouds to be looked at, one of every prompt; their seeds count from 0. */
  Picture sheet(List<String> prompts) throws InterruptedException {
    List<ContactSheet.Cell> cells = new ArrayList<>();
    for (String prompt : prompts) {
      int seed = cells.size();
      float[] cloud = recipe.open(walks.dense(prompt, walks.base(prompt, seed), seed));
      Picture picture = CloudPicture.of(PointCloud.ofRows(cloud), SIDE, AZIMUTH, ELEVATION);
      cells.add(new ContactSheet.Cell(picture, prompt));
    }
    return ContactSheet.of(cells, COLUMNS, SIDE);
  }

  /** Forty unselected clouds to be named blindly: of every class, then of the first ones again. */
  public List<ContactSheet.Cell> unnamed(Consumer<String> watch) throws InterruptedException {
    watch.accept("%d clouds to be named".formatted(UNNAMED));
    List<ContactSheet.Cell> cells = new ArrayList<>();
    List<ObjectWords.ObjectClass> classes = recipe.words().classes();
    for (int i = 0; i < UNNAMED; i++) {
      String prompt = classes.get(i % classes.size()).name();
      float[] cloud = recipe.open(walks.dense(prompt, walks.base(prompt, NAMED_FROM + i), i));
      Picture picture = CloudPicture.of(PointCloud.ofRows(cloud), 144, AZIMUTH, ELEVATION);
      cells.add(new ContactSheet.Cell(picture, prompt));
    }
    return List.copyOf(cells);
  }

  /** How often the classifier finds the class that was asked for, and how long a cloud takes. */
  List<Figure> classes(int each, @Nullable ObjectMaterial material, Consumer<String> watch)
      throws InterruptedException {
    List<float[]> bases = new ArrayList<>();
    List<float[]> fromDense = new ArrayList<>();
    List<Integer> asked = new ArrayList<>();
    long baseNanos = 0;
    long denseNanos = 0;
    for (int ofClass : recipe.words().measuredClasses()) {
      String prompt = recipe.words().classes().get(ofClass).name();
      watch.accept("%d clouds of '%s'".formatted(each, prompt));
      for (int seed = 0; seed < each; seed++) {
        long began = System.nanoTime();
        float[] base = walks.base(prompt, seed);
        baseNanos += System.nanoTime() - began;
        began = System.nanoTime();
        float[] dense = walks.dense(prompt, base, seed);
        denseNanos += System.nanoTime() - began;
        bases.add(base);
        fromDense.add(PointLevels.of(dense).base());
        asked.add(ofClass);
      }
    }
    List<Figure> figures = new ArrayList<>();
    if (material != null) {
      figures.addAll(besideReal(material.objects(), bases, fromDense, asked));
    } else {
      figures.add(Figure.of("class right, base level", right(bases, asked)));
      figures.add(Figure.of("class right, dense level", right(fromDense, asked)));
    }
    figures.add(Figure.of("seconds a cloud, base level", baseNanos / 1e9 / asked.size()));
    figures.add(Figure.of("seconds a cloud, dense level", denseNanos / 1e9 / asked.size()));
    return figures;
  }

  private List<Figure> besideReal(
      ObjectClouds data, List<float[]> bases, List<float[]> fromDense, List<Integer> asked) {
    List<Item> held = measured(data.heldOut());
    List<float[]> real = bases(data, held);
    List<float[]> trained = bases(data, measured(data.trained()));
    double right = right(real, held.stream().map(Item::ofClass).toList());
    return List.of(
        Figure.of("class right, base level (held-out objects)", right(bases, asked), right),
        Figure.of("class right, dense level (held-out objects)", right(fromDense, asked), right),
        Figure.of(
            "distance to the nearest training object, x 1000 (held-out objects)",
            1000 * copied(bases, trained),
            1000 * copied(real, trained)));
  }

  private List<float[]> bases(ObjectClouds data, List<Item> items) {
    return items.stream().map(item -> PointLevels.of(standardised(data, item)).base()).toList();
  }

  private List<Item> measured(List<Item> items) {
    List<Integer> wanted = recipe.words().measuredClasses();
    return items.stream().filter(item -> wanted.contains(item.ofClass())).toList();
  }

  private float[] standardised(ObjectClouds data, Item item) {
    return recipe.standardise(data.cloud(item));
  }

  /** The share whose class is found, among all classes and not only the measured. */
  private double right(List<float[]> bases, List<Integer> asked) {
    var random = ObjectClouds.random(7);
    int right = 0;
    for (int from = 0; from < bases.size(); from += TOGETHER) {
      int to = Math.min(bases.size(), from + TOGETHER);
      List<Seen> found = classifier.see(ObjectNames.seen(bases.subList(from, to), random));
      for (int i = from; i < to; i++) {
        right += found.get(i - from).classes().getFirst().equals(asked.get(i)) ? 1 : 0;
      }
    }
    return right / (double) bases.size();
  }

  /** Mean Chamfer distance to the nearest of others: copying shows as small. */
  private static double copied(List<float[]> bases, List<float[]> others) {
    List<float[]> coarse = others.stream().map(ObjectEvaluation::coarse).toList();
    return bases.stream()
        .map(ObjectEvaluation::coarse)
        .mapToDouble(
            base ->
                coarse.stream().mapToDouble(other -> Clouds.chamfer(base, other)).min().orElse(0))
        .average()
        .orElse(0);
  }

  private static float[] coarse(float[] base) {
    int[] some = new int[COARSE];
    Arrays.setAll(some, i -> i * (base.length / KdOrder.CHANNELS) / COARSE);
    return KdOrder.gather(base, some, KdOrder.CHANNELS);
  }

  /** How often the colour that was asked for is the colour of most points. */
  Figure colours(int each, Consumer<String> watch) throws InterruptedException {
    int right = 0;
    int asked = 0;
    List<Integer> classes = recipe.words().measuredClasses();
    for (Colour colour : Colour.values()) {
      watch.accept("%d clouds in %s".formatted(each, colour.word()));
      for (int seed = 0; seed < each; seed++) {
        String name = recipe.words().classes().get(classes.get(seed % classes.size())).name();
        float[] cloud = recipe.open(walks.base(colour.word() + " " + name, seed));
        right += Colour.dominant(cloud).colour() == colour ? 1 : 0;
        asked++;
      }
    }
    return Figure.of("colour word dominant", right / (double) asked);
  }

  /** Held-out clouds made dense again from their base, by the network and by midpoints. */
  Figure enlargement(ObjectClouds data, Consumer<String> watch) throws InterruptedException {
    double made = 0;
    double midway = 0;
    List<Item> held = measured(data.heldOut());
    watch.accept("%d held-out objects made dense again".formatted(held.size()));
    for (Item item : held) {
      float[] dense = standardised(data, item);
      float[] base = PointLevels.of(dense).base();
      String prompt = recipe.words().classes().get(item.ofClass()).name();
      made += Clouds.chamfer(walks.dense(prompt, base, 1), dense);
      midway += Clouds.chamfer(Clouds.midpoints(base), dense);
    }
    int n = held.size();
    return Figure.of(
        "dense level, Chamfer to the true cloud, x 1000 (midpoints)",
        1000 * made / n,
        1000 * midway / n);
  }

  @Override
  public void close() {
    walks.close();
    classifier.close();
  }
}
