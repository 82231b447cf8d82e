package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.TrainableNetwork;
import glimt.training.recipe.TrainingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * The classifier for evaluations. Its network maps x [B, ...] to a row for each sample: the scores
 * of each head in turn, then optional features.
 */
public final class Classifier implements AutoCloseable {
  /** The file name of its weights in a bundle. */
  public static final String WEIGHTS = "classifier.safetensors";

  private static final double SMOOTHED = 0.05;
  private static final double AVERAGE = 0.995;
  private static final double WEIGHT_DECAY = 0.02;
  private static final int WARMUP = 50;
  private static final int SPOKEN_EVERY = 100;

  /**
   * Samples and their classes.
   *
   * @param x the samples, [B, ...]
   * @param classes the class indices by head, then by sample
   */
  public record Labelled(Tensor x, List<List<Integer>> classes) {
    public Labelled {
      classes = classes.stream().map(List::copyOf).toList();
    }

    /** Labels for a network with one head. */
    public static Labelled of(Tensor x, List<Integer> classes) {
      return new Labelled(x, List.of(classes));
    }
  }

  /**
   * The classification of a sample.
   *
   * @param classes the most likely class of each head
   * @param features the features, possibly empty
   */
  public record Classified(List<Integer> classes, double[] features) {}

  /** A source of labelled samples. */
  @FunctionalInterface
  public interface Examples {
    /** Returns {@code size} samples as a function of the generator's state. */
    Labelled batch(int size, RandomGenerator random);
  }

  private final TrainableNetwork network;
  private final List<ClassifierHead> heads;

  /**
   * Loads the network.
   *
   * @param heads the heads in the order of their scores
   */
  public Classifier(NetworkSource source, Safetensors weights, List<ClassifierHead> heads) {
    // In float32, so that figures do not depend on the processor.
    network = TrainableNetwork.of("classifier", source, weights, Precision.FLOAT32);
    this.heads = List.copyOf(heads);
  }

  /**
   * Trains a classifier by cross-entropy with label smoothing (Szegedy et al. 2016, §7).
   *
   * @param watch receives progress messages
   * @return the averaged weights in float32
   * @throws TrainingException if the loss becomes infinite or NaN
   */
  public static Safetensors train(
      ClassifierRecipe recipe,
      NetworkSource source,
      List<ClassifierHead> heads,
      Examples examples,
      Consumer<String> watch) {
    return train(recipe, source, heads, examples, watch, Optional.empty(), _ -> true).orElseThrow();
  }

  /**
   * Trains a classifier, optionally from the state of an earlier training. The examples of step k
   * depend only on the seed and k, so a resumed training has the same result as an uninterrupted
   * one.
   *
   * @param before the last state that {@code keep} received in the earlier training
   * @param keep is called after every step with the state, and returns whether to continue
   * @return the averaged weights in float32; empty if {@code keep} stopped the training
   * @throws TrainingException if the loss becomes infinite or NaN, or {@code before} belongs to
   *     another recipe
   */
  public static Optional<Safetensors> train(
      ClassifierRecipe recipe,
      NetworkSource source,
      List<ClassifierHead> heads,
      Examples examples,
      Consumer<String> watch,
      Optional<Safetensors> before,
      Predicate<Supplier<Safetensors>> keep) {
    Map<String, Double> sizes =
        heads.stream()
            .collect(Collectors.toMap(ClassifierHead::name, head -> (double) head.classes()));
    String made = recipe.says(heads);
    if (before.isPresent() && !made.equals(before.get().metadata().get("recipe"))) {
      throw new TrainingException(
          "classifier: the checkpoint belongs to another recipe, %s; move it away to start over"
              .formatted(before.get().metadata().get("recipe")));
    }
    int from =
        before.map(kept -> Integer.parseInt(kept.metadata().getOrDefault("step", "0"))).orElse(0);
    Safetensors first =
        before
            .map(AdamW::values)
            .orElseGet(() -> Initial.weights(source, sizes, new SplittableRandom(recipe.seed())));
    try (TrainableNetwork network =
            TrainableNetwork.of("classifier", source, first, Precision.ofThisProcessor());
        AdamW optimiser = AdamW.of(network)) {
      before.ifPresent(optimiser::restore);
      double loss = 0;
      for (int step = from + 1; step <= recipe.steps(); step++) {
        int now = step;
        SplittableRandom random = new SplittableRandom(recipe.seed() * 0x9E3779B97F4A7C15L + step);
        double done = (double) step / recipe.steps();
        double error = learn(network, heads, examples.batch(recipe.batch(), random));
        double length = optimiser.gradientLength();
        if (!Double.isFinite(error) || !Double.isFinite(length)) {
          throw new TrainingException(
              "classifier: the loss became %s at step %s; lower its rate in the recipe"
                  .formatted(error, step));
        }
        double slowed = Math.min(1, (double) step / WARMUP) * (1 - done);
        optimiser.update(
            step,
            recipe.rate() * slowed,
            Math.min(1, 1 / length),
            WEIGHT_DECAY,
            Math.min(AVERAGE, step / (step + 10.0)));
        network.forget();
        loss += error / SPOKEN_EVERY;
        if (step % SPOKEN_EVERY == 0) {
          watch.accept(
              String.format(
                  Locale.ROOT, "classifier  %5.1f %%  step %s  loss %.3f", 100 * done, step, loss));
          loss = 0;
        }
        Supplier<Safetensors> state =
            () ->
                new Safetensors(
                    optimiser.state(), Map.of("recipe", made, "step", Integer.toString(now)));
        if (!keep.test(state)) {
          return Optional.empty();
        }
      }
      return Optional.of(optimiser.average());
    }
  }

  private static double learn(
      TrainableNetwork network, List<ClassifierHead> heads, Labelled labelled) {
    try (NDManager scope = network.manager().newSubManager()) {
      NDArray all = network.forward(new NDList(array(labelled.x(), scope)));
      NDArray loss = scope.create(0f);
      int from = 0;
      for (int head = 0; head < heads.size(); head++) {
        int names = heads.get(head).classes();
        List<Integer> classes = labelled.classes().get(head);
        int rows = classes.size();
        NDArray scores = all.get(":, %s:%s".formatted(from, from + names)).logSoftmax(-1);
        float[] wanted = new float[rows * names];
        Arrays.fill(wanted, (float) (-SMOOTHED / names / rows));
        for (int row = 0; row < rows; row++) {
          wanted[row * names + classes.get(row)] -= (float) ((1 - SMOOTHED) / rows);
        }
        loss = loss.add(scores.mul(scope.create(wanted, scores.getShape())).sum());
        from += names;
      }
      network.learn(loss);
      return loss.getFloat();
    }
  }

  /**
   * Classifies samples.
   *
   * @param x the samples, [B, ...]
   */
  public List<Classified> see(Tensor x) {
    int rows = Math.toIntExact(x.shape().getFirst());
    try (NDManager scope = network.manager().newSubManager()) {
      float[] all = network.look(new NDList(array(x, scope))).toFloatArray();
      int values = all.length / rows;
      List<Classified> seen = new ArrayList<>();
      for (int row = 0; row < rows; row++) {
        int at = row * values;
        List<Integer> classes = new ArrayList<>();
        for (ClassifierHead head : heads) {
          classes.add(highest(all, at, head.classes()));
          at += head.classes();
        }
        double[] features = new double[(row + 1) * values - at];
        for (int i = 0; i < features.length; i++) {
          features[i] = all[at + i];
        }
        seen.add(new Classified(List.copyOf(classes), features));
      }
      return List.copyOf(seen);
    }
  }

  private static int highest(float[] scores, int from, int count) {
    int best = 0;
    for (int name = 1; name < count; name++) {
      best = scores[from + name] > scores[from + best] ? name : best;
    }
    return best;
  }

  private static NDArray array(Tensor tensor, NDManager scope) {
    return scope.create(tensor.floats(), new Shape(tensor.dimensions()));
  }

  @Override
  public void close() {
    network.close();
  }
}
