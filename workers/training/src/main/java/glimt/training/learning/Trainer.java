package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.TrainableNetwork;
import glimt.model.GuidanceRule;
import glimt.training.learning.Dataset.Batch;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains one network by an {@link Objective}: {@link Denoising}, or {@link Distillation} of a
 * teacher.
 *
 * <p>Step k draws its data and noise from a generator that depends only on the seed and k, and a
 * checkpoint contains all other state, so a resumed training has the same result as an
 * uninterrupted one. With every checkpoint, the averaged weights are written to {@code
 * LEVEL.safetensors}, and occasionally a picture of their samples to {@code LEVEL.samples.png}.
 */
public final class Trainer {
  private static final Duration BETWEEN_CHECKPOINTS = Duration.ofSeconds(60);
  private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

  private final String level;
  private final NetworkRecipe recipe;
  private final Dataset dataset;
  private final NetworkSource source;
  private final @Nullable Teacher teacher;
  private final @Nullable Path from;
  private final Sketches sketches;
  private final Path weightsFile;
  private final TrainingCheckpoint checkpoint;

  /**
   * The teacher of a student, which also supplies the student's initial weights.
   *
   * @param weights the file of its weights
   * @param guidance the scale of its guidance
   * @param levels its noise levels
   */
  public record Teacher(Path weights, GuidanceRule guidance, double[] levels) {}

  /**
   * Prepares the training of a network from data alone.
   *
   * @param level the name of the network
   * @param recipe its training settings
   * @param dataset its training samples
   * @param sources the folder of the recipe and its sources
   * @param out the folder of the weights and the checkpoint
   * @throws TrainingException if the source cannot be read or the folder cannot be created
   */
  public Trainer(String level, NetworkRecipe recipe, Dataset dataset, Path sources, Path out) {
    this(level, recipe, dataset, sources, out, null, null, null);
  }

  /**
   * Prepares the training of a network.
   *
   * @param level the name of the network
   * @param recipe its training settings
   * @param dataset its training samples
   * @param sources the folder of the recipe and its sources
   * @param out the folder of the weights and the checkpoint
   * @param teacher the teacher of a student, or null to learn from data alone
   * @param from the file of the weights to start from, or null for a student, which starts from its
   *     teacher's, and for a network that starts from random ones
   * @param sheet draws samples during training, or null
   * @throws TrainingException if the source cannot be read or the folder cannot be created
   */
  public Trainer(
      String level,
      NetworkRecipe recipe,
      Dataset dataset,
      Path sources,
      Path out,
      @Nullable Teacher teacher,
      @Nullable Path from,
      @Nullable SampleSheet sheet) {
    this.teacher = teacher;
    this.from = from;
    this.sketches = new Sketches(level, sheet, out);
    this.level = level;
    this.recipe = recipe;
    this.dataset = dataset;
    this.weightsFile = out.resolve(level + ".safetensors");
    this.checkpoint = TrainingCheckpoint.of(level, recipe, out);
    Path file = sources.resolve(recipe.source());
    try {
      Files.createDirectories(out);
      this.source = NetworkSource.parse(file.toString(), Files.readString(file));
    } catch (IOException broken) {
      throw new TrainingException("cannot start training " + level + ": " + broken, broken);
    }
  }

  /** The network's name. */
  public String name() {
    return level;
  }

  /**
   * Trains until the recipe's steps or seconds are used up, or {@code stop} returns true. In both
   * cases a checkpoint is saved.
   *
   * @param resume whether to continue from the checkpoint, which must belong to the same recipe
   * @param watch receives progress every few seconds
   * @param stop is called after each step and returns whether to stop
   * @return whether training is complete
   * @throws TrainingException if training cannot start or continue, or a checkpoint exists and
   *     {@code resume} is false
   */
  public boolean train(boolean resume, Consumer<TrainingProgress> watch, BooleanSupplier stop) {
    if (checkpoint.exists() && !resume) {
      throw new TrainingException(
          "%s already exists; continue from it with --resume, or move it away to start over"
              .formatted(checkpoint.file()));
    }
    Safetensors state = checkpoint.exists() ? checkpoint.read(this::initial) : null;
    long step = state == null ? 0 : TrainingCheckpoint.step(state);
    Duration before = state == null ? Duration.ZERO : TrainingCheckpoint.spent(state);
    try (TrainableNetwork network =
            TrainableNetwork.of(level, source, weights(state), Precision.ofThisProcessor());
        AdamW optimiser = AdamW.of(network);
        Objective objective = objective()) {
      if (state != null) {
        optimiser.restore(state);
        objective.restore(state);
      }
      return new TrainingRun(network, optimiser, objective, step, before).walk(watch, stop);
    }
  }

  private Objective objective() {
    if (recipe.reconstruction() != null) {
      return new Reconstruction(recipe.reconstruction());
    }
    if (teacher == null) {
      return new Denoising(recipe);
    }
    Network taught =
        Network.of(
            teacher.weights.toString(),
            source,
            Safetensors.read(teacher.weights),
            Precision.ofThisProcessor());
    return new Distillation(
        new RowDenoiser(taught, recipe.sigmaData(), teacher.guidance),
        teacher.levels,
        recipe.unconditional());
  }

  /** The initial weights: those of the teacher for a student, given ones, or random ones. */
  private Safetensors initial() {
    if (teacher != null) {
      if (!Files.exists(teacher.weights)) {
        throw new TrainingException(
            "%s learns from %s, which does not exist; train that network first"
                .formatted(level, teacher.weights));
      }
      return Safetensors.read(teacher.weights).as(Safetensors.Dtype.F32);
    }
    Map<String, Double> sizes = new HashMap<>(dataset.sizes());
    sizes.putAll(recipe.sizes());
    Safetensors random = Initial.weights(source, sizes, new SplittableRandom(recipe.seed()));
    return from == null ? random : given(from, random);
  }

  /**
   * Reads the weights to start from. Those of the same name must have the shapes of {@code
   * expected}; a network that has learnt to do more has further ones, which start as expected.
   */
  private Safetensors given(Path file, Safetensors expected) {
    Safetensors weights = Safetensors.read(file).as(Safetensors.Dtype.F32);
    Map<String, Tensor> start = new TreeMap<>(expected.tensors());
    Set<String> differing = new TreeSet<>();
    weights
        .tensors()
        .forEach(
            (name, tensor) -> {
              Tensor known = start.get(name);
              if (known != null) {
                start.put(name, tensor);
                if (!known.shape().equals(tensor.shape())) {
                  differing.add(name);
                }
              }
            });
    if (!differing.isEmpty() || Collections.disjoint(start.keySet(), weights.tensors().keySet())) {
      throw new TrainingException(
          "%s cannot start from %s, whose weights differ from the recipe's in name or shape: %s"
              .formatted(
                  level,
                  file,
                  String.join(", ", differing.isEmpty() ? start.keySet() : differing)));
    }
    return new Safetensors(start);
  }

  private Safetensors weights(@Nullable Safetensors state) {
    if (state == null) {
      return initial();
    }
    return AdamW.values(state);
  }

  /** A running training. */
  private final class TrainingRun {
    private final TrainableNetwork network;
    private final AdamW optimiser;
    private final Objective objective;
    private final Duration before;
    private final long firstStep;
    private final long began = System.nanoTime();
    private long step;
    private long keptStep;
    private double loss = Double.NaN;
    private double gradientLength;

    TrainingRun(
        TrainableNetwork network,
        AdamW optimiser,
        Objective objective,
        long step,
        Duration before) {
      this.network = network;
      this.optimiser = optimiser;
      this.objective = objective;
      this.step = step;
      this.firstStep = step;
      this.keptStep = step;
      this.before = before;
    }

    boolean walk(Consumer<TrainingProgress> watch, BooleanSupplier stop) {
      long spokenAt = began - BETWEEN_LINES.toNanos();
      long savedAt = began;
      double done = done();
      while (done < 1 && !stop.getAsBoolean()) {
        step(done);
        done = done();
        long now = System.nanoTime();
        if (now - spokenAt > BETWEEN_LINES.toNanos() || done >= 1) {
          spokenAt = now;
          watch.accept(progress(done));
        }
        if (now - savedAt > BETWEEN_CHECKPOINTS.toNanos()) {
          save();
          sketches.drawIfCheap(
              source, optimiser::average, now - began, recipe.batch() * (step - firstStep));
          savedAt = System.nanoTime();
        }
      }
      save();
      if (step > firstStep) {
        sketches.draw(source, optimiser::average);
      }
      return done >= 1;
    }

    private Duration spent() {
      return before.plusNanos(System.nanoTime() - began);
    }

    private double done() {
      return recipe.done(step, spent());
    }

    private void step(double done) {
      step++;
      double rate = recipe.rate() * slowed(done);
      SplittableRandom random = new SplittableRandom(recipe.seed() * 0x9E3779B97F4A7C15L + step);
      Batch batch = dataset.batch(recipe.batch(), random.split());
      TrainingStep target = objective.batch(batch, done, random);
      double error;
      try (NDManager scope = network.manager().newSubManager()) {
        NDArray f = network.forward(target.inputs(scope));
        NDArray lost = target.loss(f, scope);
        network.learn(lost);
        error = lost.getFloat();
        objective.answered(f.stopGradient()::toFloatArray);
      }
      gradientLength = optimiser.gradientLength();
      if (!Double.isFinite(error) || !Double.isFinite(gradientLength)) {
        throw new TrainingException(
            String.format(
                Locale.ROOT,
                "%s: the loss became %s at step %s (rate %.2g, gradient norm %.2g); %s; a lower"
                    + " rate may help",
                level,
                error,
                step,
                rate,
                gradientLength,
                kept()));
      }
      optimiser.update(
          step,
          rate,
          Math.min(1, recipe.clip() / gradientLength),
          recipe.weightDecay(),
          Math.min(recipe.average(), 1 - 1 / (1 + 0.08 * step)));
      network.forget();
      loss = Double.isNaN(loss) ? error : 0.99 * loss + 0.01 * error;
    }

    /** The learning rate as a fraction of the highest. */
    private double slowed(double done) {
      double rising = Math.min(1, (double) step / recipe.warmup());
      double falling =
          done < recipe.steady() ? 1 : 0.02 + 0.98 * (1 - done) / (1 - recipe.steady());
      return rising * falling;
    }

    /**
     * Saves the checkpoint and the averaged weights, each atomically. Weights that are infinite or
     * NaN are never saved.
     */
    private void save() {
      Map<String, Tensor> state = new LinkedHashMap<>(optimiser.state());
      state.putAll(new TreeMap<>(objective.state()));
      if (!finite(state)) {
        throw new TrainingException(
            "%s: a weight is not finite after step %s; %s; a lower rate may help"
                .formatted(level, step, kept()));
      }
      try {
        checkpoint.write(state, step, spent());
        optimiser.average().as(Safetensors.Dtype.BF16).write(weightsFile);
        keptStep = step;
      } catch (BundleException broken) {
        throw new TrainingException(
            "%s: step %s could not be saved: %s; %s; continue with --resume when the file can be written"
                .formatted(level, step, broken.getMessage(), kept()),
            broken);
      }
    }

    /** Describes the last checkpoint, for error messages. */
    private String kept() {
      return keptStep == 0
          ? "no checkpoint has been saved yet"
          : "the last checkpoint, of step %s, is in %s".formatted(keptStep, checkpoint.file());
    }

    private static boolean finite(Map<String, Tensor> state) {
      for (Tensor tensor : state.values()) {
        for (float value : tensor.floats()) {
          if (!Float.isFinite(value)) {
            return false;
          }
        }
      }
      return true;
    }

    private TrainingProgress progress(double done) {
      double seconds = (System.nanoTime() - began) / 1e9;
      return new TrainingProgress(
          level,
          step,
          done,
          loss,
          gradientLength,
          (step - firstStep) * recipe.batch() / seconds,
          Duration.ofMillis(Math.round(spent().toMillis() * (1 - done) / Math.max(done, 1e-9))));
    }
  }
}
