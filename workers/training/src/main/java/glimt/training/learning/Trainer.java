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
import glimt.training.learning.Dataset.Batch;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains one network by an {@link Objective}: {@link Denoising}, or {@link Distillation} of a
 * teacher.
 *
 * <p>Step k draws its data and noise from a generator that is a function of the seed and k alone,
 * and a checkpoint holds everything else, so training resumes as if it had not been interrupted.
 * The averaged weights go to {@code LEVEL.safetensors} with every checkpoint, and samples by them,
 * where they can be drawn, to {@code LEVEL.samples.png} now and then.
 */
public final class Trainer {
  private static final Duration BETWEEN_CHECKPOINTS = Duration.ofSeconds(60);
  private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

  private final String level;
  private final NetworkRecipe recipe;
  private final Dataset dataset;
  private final NetworkSource source;
  private final @Nullable Teacher teacher;
  private final Sketches sketches;
  private final Path weightsFile;
  private final TrainingCheckpoint checkpoint;

  /**
   * The network that a student learns from, and whose weights it begins with.
   *
   * @param weights the file
   * @param guidance how it is guided
   * @param levels the noise levels at which it is sampled
   */
  public record Teacher(Path weights, double guidance, double[] levels) {}

  /**
   * @param sources the folder of the recipe and its sources
   * @param out the bundle's folder; the checkpoint lies beside the weights while training lasts
   */
  public Trainer(String level, NetworkRecipe recipe, Dataset dataset, Path sources, Path out) {
    this(level, recipe, dataset, sources, out, null, null);
  }

  /**
   * @param teacher null for a network that learns from data alone
   * @param sheet of samples to draw now and then, or null
   */
  public Trainer(
      String level,
      NetworkRecipe recipe,
      Dataset dataset,
      Path sources,
      Path out,
      @Nullable Teacher teacher,
      @Nullable SampleSheet sheet) {
    this.teacher = teacher;
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
   * Trains until the recipe's time is spent, or {@code stop} says so; either way the state is kept
   * in a checkpoint.
   *
   * @param resume go on from the checkpoint, which must be of the same recipe
   * @param watch sees a line every few seconds
   * @return whether the training is finished
   */
  public boolean train(boolean resume, Consumer<TrainingProgress> watch, BooleanSupplier stop) {
    if (checkpoint.exists() && !resume) {
      throw new TrainingException(
          "%s is there already: go on from it with --resume, or move it away to begin afresh"
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

  /** The first weights: a student has those of its teacher, any other network random ones. */
  private Safetensors initial() {
    if (teacher != null) {
      if (!Files.exists(teacher.weights)) {
        throw new TrainingException(
            "%s learns from %s, which is not there: train that network first"
                .formatted(level, teacher.weights));
      }
      return Safetensors.read(teacher.weights).as(Safetensors.Dtype.F32);
    }
    Map<String, Double> sizes = new HashMap<>(dataset.sizes());
    sizes.putAll(recipe.sizes());
    return Initial.weights(source, sizes, new SplittableRandom(recipe.seed()));
  }

  private Safetensors weights(@Nullable Safetensors state) {
    if (state == null) {
      return initial();
    }
    return AdamW.values(state);
  }

  /** A training as it runs. */
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
      TrainingBatch target = objective.batch(batch, done, random);
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
                "%s: the loss became %s at step %s (rate %.2g, gradient %.2g); %s; a lower rate may help",
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

    /** The share of the highest rate. */
    private double slowed(double done) {
      double rising = Math.min(1, (double) step / recipe.warmup());
      double falling =
          done < recipe.steady() ? 1 : 0.02 + 0.98 * (1 - done) / (1 - recipe.steady());
      return rising * falling;
    }

    /** Leaves both files whole or as they were; weights that are not numbers are never kept. */
    private void save() {
      Map<String, Tensor> state = new LinkedHashMap<>(optimiser.state());
      state.putAll(new TreeMap<>(objective.state()));
      if (!finite(state)) {
        throw new TrainingException(
            "%s: a weight is no number after step %s; %s; a lower rate may help"
                .formatted(level, step, kept()));
      }
      try {
        checkpoint.write(state, step, spent());
        optimiser.average().as(Safetensors.Dtype.BF16).write(weightsFile);
        keptStep = step;
      } catch (BundleException broken) {
        throw new TrainingException(
            "%s: step %s could not be kept: %s; %s; go on with --resume once it can be written"
                .formatted(level, step, broken.getMessage(), kept()),
            broken);
      }
    }

    /** What a person still has, for an error. */
    private String kept() {
      return keptStep == 0
          ? "nothing was kept yet"
          : "the last good state, of step %s, is kept in %s".formatted(keptStep, checkpoint.file());
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
