package glimt.training.clips;

import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors.Tensor;
import glimt.job.Level;
import glimt.job.Vocabulary;
import glimt.metrics.Clips;
import glimt.metrics.Figure;
import glimt.training.Classifier;
import glimt.training.Classifier.Seen;
import glimt.training.Dataset.Batch;
import glimt.training.Recipe;
import glimt.training.Recipe.NetworkRecipe;
import glimt.training.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Measures a bundle of clips: does it show what was asked for, and is an upsampler worth its time.
 */
public final class ClipEvaluation {
  /** Clips sampled at once. */
  private static final int TOGETHER = 16;

  /** What a prompt asks for, by number in the grammar. */
  record Asked(int subject, int motion, int colour, String prompt) {}

  /**
   * How many of the clips show what was asked for.
   *
   * @param clips how many were made
   */
  public record Steering(int clips, int colours, int directions, int subjects, int all) {
    public double colour() {
      return (double) colours / clips;
    }

    public double direction() {
      return (double) directions / clips;
    }

    public double subject() {
      return (double) subjects / clips;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%d clips: colour %.1f %%, direction %.1f %%, subject %.1f %%, all three %.1f %%",
          clips,
          100 * colour(),
          100 * direction(),
          100 * subject(),
          100.0 * all / clips);
    }
  }

  /** What upsamplers and the classifier are held against. */
  private static final int WINDOWS = 32;

  private final Bundle bundle;
  private final Recipe recipe;
  private final ClipRecipe clips;

  public ClipEvaluation(Bundle bundle) {
    this.bundle = bundle;
    this.recipe = Recipe.parse(Training.RECIPE, bundle.text(Training.RECIPE));
    this.clips = Recipe.part(recipe.data(), ClipRecipe.class);
  }

  /**
   * All figures of the bundle's card.
   *
   * @param material real clips; without them the upsamplers are not measured
   * @param see takes a contact sheet of unselected results, a JPEG picture
   */
  public List<Figure> measure(
      @Nullable ClipMaterial material, Consumer<String> watch, Consumer<byte[]> see)
      throws InterruptedException {
    Steering steering = steering(1, _ -> {});
    watch.accept(steering.toString());
    List<Figure> figures = new ArrayList<>();
    figures.add(Figure.of("clips made, 8 subjects x 4 motions x 4 colours", steering.clips()));
    figures.add(Figure.of("background colour right", steering.colour()));
    figures.add(Figure.of("direction right", steering.direction()));
    if (material == null) {
      figures.add(Figure.of("subject right, by the classifier", steering.subject()));
    } else {
      double real = real(material);
      figures.add(
          Figure.of("subject right, by the classifier (real clips)", steering.subject(), real));
    }
    figures.add(Figure.of("all three right", (double) steering.all() / steering.clips()));
    if (material != null) {
      for (Level level : bundle.card().levels().subList(1, bundle.card().levels().size())) {
        Upsampling upsampling = upsampling(material, level.name(), WINDOWS);
        watch.accept(upsampling.toString());
        figures.addAll(upsampling.figures());
      }
    }
    Showing showing = showing();
    see.accept(showing.jpeg());
    figures.add(
        Figure.of(
            "seams: steps between pixels across tile borders (enlarged level below = 1)",
            showing.seams()));
    figures.add(Figure.of("seconds a clip, one thread, all levels", showing.seconds()));
    return List.copyOf(figures);
  }

  /** Unselected results of the whole cascade. */
  public Showing showing() throws InterruptedException {
    return Showing.of(bundle, prompts().stream().map(Asked::prompt).toList());
  }

  /**
   * The prompts of the evaluation: every subject, in each of four directions, over red, green, blue
   * and yellow.
   */
  List<Asked> prompts() {
    Grammar grammar = clips.grammar();
    List<Asked> prompts = new ArrayList<>();
    List<String> colours = List.of("red", "green", "blue", "yellow");
    for (int subject = 0; subject < grammar.subjects().size(); subject++) {
      for (int motion = 0; motion < grammar.motions().size(); motion++) {
        for (int colour = 0; colour < grammar.colours().size(); colour++) {
          Grammar.Motion way = grammar.motions().get(motion);
          String over = grammar.colours().get(colour).word();
          if ((way.x() != 0 || way.y() != 0) && colours.contains(over)) {
            String prompt =
                "a %s moves %s over %s"
                    .formatted(grammar.subjects().get(subject).word(), way.word(), over);
            prompts.add(new Asked(subject, motion, colour, prompt));
          }
        }
      }
    }
    return prompts;
  }

  /**
   * Samples the base level for every {@code every}th prompt, seeds counted from 1, and measures the
   * pixels: the border's colour, the way of what is not background, the subject by the bundle's
   * classifier.
   */
  public Steering steering(int every, Consumer<float[]> see) throws InterruptedException {
    List<Asked> all = prompts();
    List<Asked> asked = new ArrayList<>();
    for (int i = 0; i < all.size(); i += every) {
      asked.add(all.get(i));
    }
    Level base = bundle.card().levels().getFirst();
    try (Network network = bundle.network(base.name(), Precision.ofThisProcessor());
        Classifier classifier = classifier()) {
      LevelSampler sampler = new LevelSampler(network, base, 0, base.sampling());
      Steering total = new Steering(0, 0, 0, 0, 0);
      for (int from = 0; from < asked.size(); from += TOGETHER) {
        List<Asked> some = asked.subList(from, Math.min(asked.size(), from + TOGETHER));
        long[] shape = {some.size(), ClipData.KEYS, 3, ClipData.SMALL, ClipData.SMALL};
        float[] made = sampler.sample(words(some), shape, null, from + 1);
        total = add(total, some, made, classifier.see(Tensor.of(made, shape)));
        int size = made.length / some.size();
        for (int row = 0; row < some.size(); row++) {
          see.accept(Arrays.copyOfRange(made, row * size, (row + 1) * size));
        }
      }
      return total;
    }
  }

  private Steering add(Steering total, List<Asked> asked, float[] made, List<Seen> seen) {
    int size = made.length / asked.size();
    int colours = total.colours;
    int directions = total.directions;
    int named = total.subjects;
    int all = total.all;
    for (int row = 0; row < asked.size(); row++) {
      Asked wanted = asked.get(row);
      float[] clip = Arrays.copyOfRange(made, row * size, (row + 1) * size);
      boolean colour = nearest(Clips.border(clip, ClipData.SMALL)) == wanted.colour;
      Grammar.Motion motion = clips.grammar().motions().get(wanted.motion);
      Clips.Way way = Clips.way(clip, ClipData.SMALL).direction();
      boolean direction = way.x() == motion.x() && way.y() == motion.y();
      boolean subject = seen.get(row).classes().getFirst() == wanted.subject;
      colours += colour ? 1 : 0;
      directions += direction ? 1 : 0;
      named += subject ? 1 : 0;
      all += colour && direction && subject ? 1 : 0;
    }
    return new Steering(total.clips + asked.size(), colours, directions, named, all);
  }

  /** The grammar's colour nearest to one in [-1, 1]. */
  private int nearest(float[] colour) {
    List<Grammar.Colour> colours = clips.grammar().colours();
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int i = 0; i < colours.size(); i++) {
      double distance = 0;
      for (int c = 0; c < 3; c++) {
        distance += Math.pow((colour[c] + 1) * 127.5 - colours.get(i).rgb().get(c), 2);
      }
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  /**
   * How well the classifier names subjects in real clips: what no sampler can be measured beyond.
   */
  public double real(ClipMaterial material) {
    try (Classifier classifier = classifier()) {
      SplittableRandom random = new SplittableRandom(99);
      int right = 0;
      int rows = 128;
      Classifier.Labelled labelled = material.labelled(rows, random, 0);
      List<Seen> seen = classifier.see(labelled.x());
      for (int row = 0; row < rows; row++) {
        List<Integer> named = seen.get(row).classes();
        right += named.getFirst().equals(labelled.classes().getFirst().get(row)) ? 1 : 0;
      }
      return (double) right / rows;
    }
  }

  /**
   * An upsampler beside the plain enlargement it is conditioned on, over held-out windows.
   *
   * @param below PSNR of the enlargement alone
   * @param guess PSNR of the network's estimate after one evaluation
   * @param sampled PSNR of its samples
   * @param sharpBelow sharpness of the enlargement over that of the real clip: across pixels for
   *     the spatial level, from frame to frame for the temporal one
   * @param sharpSampled the same of the samples
   */
  public record Upsampling(
      String level,
      int windows,
      double below,
      double guess,
      double sampled,
      double sharpBelow,
      double sharpSampled) {
    List<Figure> figures() {
      String kind = level.equals("temporal") ? "linear in time" : "bilinear";
      return List.of(
          Figure.of(level + ": PSNR of one evaluation, dB (" + kind + ")", guess, below),
          Figure.of(level + ": PSNR of samples, dB (" + kind + ")", sampled, below),
          Figure.of(level + ": sharpness, share of real (" + kind + ")", sharpSampled, sharpBelow));
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s, %d windows: PSNR %.2f dB enlarged, %.2f dB after one evaluation, %.2f dB sampled; "
              + "sharpness %.2f of real enlarged, %.2f sampled",
          level,
          windows,
          below,
          guess,
          sampled,
          sharpBelow,
          sharpSampled);
    }
  }

  /** Measures the upsampler of a level on held-out combinations that it never saw. */
  public Upsampling upsampling(ClipMaterial material, String level, int windows)
      throws InterruptedException {
    NetworkRecipe network = recipe.networks().get(level);
    if (network == null) {
      throw new IllegalArgumentException("the recipe has no network " + level);
    }
    ClipData.Shown trained = Recipe.part(network.data(), ClipData.Shown.class);
    ClipData held =
        material.dataset(new ClipData.Shown(level, trained.window(), trained.tile(), 0, 0), true);
    SplittableRandom random = new SplittableRandom(77);
    double[] sums = new double[6];
    Level card = bundle.card().level(level);
    int depth = bundle.card().levels().indexOf(card);
    try (Network net = bundle.network(level, Precision.ofThisProcessor())) {
      LevelSampler sampler = new LevelSampler(net, card, depth, card.sampling());
      for (int i = 0; i < windows; i++) {
        Batch batch = held.batch(1, random);
        Tensor below = batch.below();
        if (below == null) {
          throw new IllegalArgumentException(level + " has nothing below");
        }
        long[] shape = batch.x().dimensions();
        float[] under = below.floats();
        float[] truth = sum(under, batch.x().floats());
        float[] guess = sum(under, sampler.guess(batch.words(), shape, below, i));
        float[] sampled = sum(under, sampler.sample(batch.words(), shape, below, i));
        sums[0] += Clips.psnr(under, truth);
        sums[1] += Clips.psnr(guess, truth);
        sums[2] += Clips.psnr(sampled, truth);
        sums[3] += sharpness(level, under, shape);
        sums[4] += sharpness(level, sampled, shape);
        sums[5] += sharpness(level, truth, shape);
      }
    }
    return new Upsampling(
        level,
        windows,
        sums[0] / windows,
        sums[1] / windows,
        sums[2] / windows,
        sums[3] / sums[5],
        sums[4] / sums[5]);
  }

  private static double sharpness(String level, float[] clip, long[] shape) {
    return level.equals("temporal")
        ? Clips.restlessness(clip, (int) shape[1])
        : Clips.sharpness(clip, (int) shape[4]);
  }

  private static float[] sum(float[] a, float[] b) {
    float[] out = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      out[i] = a[i] + b[i];
    }
    return out;
  }

  private Tensor words(List<Asked> asked) {
    Vocabulary vocabulary = bundle.card().vocabulary();
    long[] words = new long[asked.size() * vocabulary.length()];
    for (int row = 0; row < asked.size(); row++) {
      List<Integer> tokens = vocabulary.read(asked.get(row).prompt).tokens();
      for (int i = 0; i < tokens.size(); i++) {
        words[row * vocabulary.length() + i] = tokens.get(i);
      }
    }
    return Tensor.of(words, asked.size(), vocabulary.length());
  }

  private Classifier classifier() {
    String source = clips.classifier().source();
    return new Classifier(
        NetworkSource.parse(source, bundle.text(source)),
        bundle.tensors(Training.CLASSIFIER),
        clips.heads());
  }
}
