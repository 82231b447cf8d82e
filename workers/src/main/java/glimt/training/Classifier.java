package glimt.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.TrainableNetwork;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A network that names what it sees, x [B, ...] to scores [B, classes]: what results are measured
 * with.
 */
public final class Classifier implements AutoCloseable {
  private static final double SMOOTHED = 0.05;
  private static final double AVERAGE = 0.995;
  private static final double WEIGHT_DECAY = 0.02;
  private static final int WARMUP = 50;
  private static final int SPOKEN_EVERY = 100;

  /**
   * How it is trained.
   *
   * @param source file of the network, beside the recipe
   * @param steps until the rate has fallen to nothing
   * @param batch samples a step
   * @param rate the highest learning rate
   * @param seed of the weights and the data
   */
  public record Training(
      @JsonProperty(required = true) String source,
      @JsonProperty(required = true) int steps,
      @JsonProperty(required = true) int batch,
      @JsonProperty(required = true) double rate,
      @JsonProperty(required = true) long seed) {}

  /** Samples and the class of each. */
  public record Labelled(Tensor x, List<Integer> classes) {
    public Labelled {
      classes = List.copyOf(classes);
    }
  }

  /** Where labelled samples come from. */
  @FunctionalInterface
  public interface Examples {
    Labelled batch(int size, RandomGenerator random);
  }

  private final TrainableNetwork network;

  public Classifier(NetworkSource source, Safetensors weights) {
    network = TrainableNetwork.of("classifier", source, weights, Precision.ofThisProcessor());
  }

  /**
   * Trains by cross-entropy with smoothed labels (Szegedy et al. 2016, §7).
   *
   * @param sizes numbers the source may name
   * @param watch sees a line now and then
   * @return the averaged weights, 32 bits
   */
  public static Safetensors train(
      Training training,
      NetworkSource source,
      Map<String, Double> sizes,
      Examples examples,
      Consumer<String> watch) {
    SplittableRandom random = new SplittableRandom(training.seed());
    Safetensors first = Initial.weights(source, sizes, random);
    try (TrainableNetwork network =
            TrainableNetwork.of("classifier", source, first, Precision.ofThisProcessor());
        Learner learner = Learner.of(network)) {
      double loss = 0;
      for (int step = 1; step <= training.steps(); step++) {
        double done = (double) step / training.steps();
        double error = learn(network, examples.batch(training.batch(), random));
        double length = learner.gradientLength();
        if (!Double.isFinite(error) || !Double.isFinite(length)) {
          throw new TrainingException(
              "classifier: the loss became %s at step %d".formatted(error, step));
        }
        double slowed = Math.min(1, (double) step / WARMUP) * (1 - done);
        learner.update(
            step,
            training.rate() * slowed,
            Math.min(1, 1 / length),
            WEIGHT_DECAY,
            Math.min(AVERAGE, step / (step + 10.0)));
        network.forget();
        loss += error / SPOKEN_EVERY;
        if (step % SPOKEN_EVERY == 0) {
          watch.accept(
              String.format(
                  Locale.ROOT, "classifier  %5.1f %%  step %d  loss %.3f", 100 * done, step, loss));
          loss = 0;
        }
      }
      return learner.average();
    }
  }

  private static double learn(TrainableNetwork network, Labelled labelled) {
    try (NDManager scope = network.manager().newSubManager()) {
      NDArray scores = network.forward(new NDList(array(labelled.x(), scope))).logSoftmax(-1);
      int rows = labelled.classes().size();
      int names = Math.toIntExact(scores.getShape().get(1));
      float[] wanted = new float[rows * names];
      Arrays.fill(wanted, (float) (-SMOOTHED / names / rows));
      for (int row = 0; row < rows; row++) {
        wanted[row * names + labelled.classes().get(row)] -= (float) ((1 - SMOOTHED) / rows);
      }
      NDArray loss = scores.mul(scope.create(wanted, scores.getShape())).sum();
      network.learn(loss);
      return loss.getFloat();
    }
  }

  /** The most likely class of each sample. */
  public int[] classes(Tensor x) {
    try (NDManager scope = network.manager().newSubManager()) {
      float[] scores = network.forward(new NDList(array(x, scope))).toFloatArray();
      int rows = Math.toIntExact(x.shape().getFirst());
      int names = scores.length / rows;
      int[] classes = new int[rows];
      for (int row = 0; row < rows; row++) {
        for (int name = 1; name < names; name++) {
          if (scores[row * names + name] > scores[row * names + classes[row]]) {
            classes[row] = name;
          }
        }
      }
      return classes;
    }
  }

  private static NDArray array(Tensor tensor, NDManager scope) {
    return scope.create(tensor.floats(), new Shape(tensor.dimensions()));
  }

  @Override
  public void close() {
    network.close();
  }
}
