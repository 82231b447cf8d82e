package glimt.training.learning;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * The checkpoint file of a training, which contains everything except the recipe that is necessary
 * to resume after a step.
 *
 * @param file the checkpoint file
 * @param recipe identifies the settings that weights and random numbers depend on. Training time
 *     and data are not part of it, because a resumed training may use more of both
 */
record TrainingCheckpoint(Path file, String recipe) {
  private static final String RECIPE = "recipe";
  private static final String STEP = "step";
  private static final String MILLIS = "millis";

  static TrainingCheckpoint of(String level, NetworkRecipe recipe, Path out) {
    return new TrainingCheckpoint(
        out.resolve(level + ".checkpoint"),
        "%s %s %s %s"
            .formatted(level, recipe.source(), new TreeMap<>(recipe.sizes()), recipe.seed()));
  }

  boolean exists() {
    return Files.exists(file);
  }

  /** Writes the file atomically. */
  void write(Map<String, Tensor> state, long step, Duration spent) {
    new Safetensors(
            state,
            Map.of(
                RECIPE, recipe,
                STEP, Long.toString(step),
                MILLIS, Long.toString(spent.toMillis())))
        .write(file);
  }

  /**
   * Reads and checks the file.
   *
   * @param initial supplies the network's initial weights, to compare names and shapes
   * @throws TrainingException if the file is damaged or belongs to another recipe
   */
  Safetensors read(Supplier<Safetensors> initial) {
    Safetensors state;
    try {
      state = Safetensors.read(file);
    } catch (BundleException broken) {
      throw new TrainingException(
          "%s cannot be resumed: %s; move it away to start over"
              .formatted(file, broken.getMessage()),
          broken);
    }
    String made = state.metadata().getOrDefault(RECIPE, "nothing");
    if (!recipe.equals(made)) {
      throw foreign("'%s' instead of '%s'".formatted(made, recipe));
    }
    initial
        .get()
        .tensors()
        .forEach(
            (name, tensor) -> {
              Tensor kept = state.tensors().get("value/" + name);
              if (kept == null || !kept.shape().equals(tensor.shape())) {
                throw foreign(
                    "whose weight %s is %s instead of %s"
                        .formatted(name, kept == null ? "missing" : kept.shape(), tensor.shape()));
              }
            });
    return state;
  }

  private TrainingException foreign(String how) {
    return new TrainingException(
        "%s is a checkpoint of another recipe, %s; use another --out, or move the file away"
            .formatted(file, how));
  }

  /** The number of completed steps of a checkpoint. */
  static long step(Safetensors state) {
    return Long.parseLong(state.metadata().getOrDefault(STEP, "0"));
  }

  /** The training time of a checkpoint. */
  static Duration spent(Safetensors state) {
    return Duration.ofMillis(Long.parseLong(state.metadata().getOrDefault(MILLIS, "0")));
  }
}
