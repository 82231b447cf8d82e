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
 * The checkpoint of a training: with the recipe, all that is needed to resume after a step.
 *
 * @param recipe what the weights and random numbers depend on. Time and data are not part of it:
 *     training may be given more of both.
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

  /** Writes it whole, or leaves it as it was. */
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
   * @param initial what the network began with; asked for when all else is right
   * @throws TrainingException if it is broken, or another recipe's
   */
  Safetensors read(Supplier<Safetensors> initial) {
    Safetensors state;
    try {
      state = Safetensors.read(file);
    } catch (BundleException broken) {
      throw new TrainingException(
          "%s cannot be resumed: %s; move it away to begin afresh"
              .formatted(file, broken.getMessage()),
          broken);
    }
    String made = state.metadata().getOrDefault(RECIPE, "nothing");
    if (!recipe.equals(made)) {
      throw foreign("made by '%s', where this one says '%s'".formatted(made, recipe));
    }
    initial
        .get()
        .tensors()
        .forEach(
            (name, tensor) -> {
              Tensor kept = state.tensors().get("value/" + name);
              if (kept == null || !kept.shape().equals(tensor.shape())) {
                throw foreign(
                    "its weight %s is %s, where this one's is %s"
                        .formatted(name, kept == null ? "missing" : kept.shape(), tensor.shape()));
              }
            });
    return state;
  }

  private TrainingException foreign(String how) {
    return new TrainingException(
        "%s is the checkpoint of another recipe, %s; take another --out, or move it away"
            .formatted(file, how));
  }

  /** How many steps are done in what was read. */
  static long step(Safetensors state) {
    return Long.parseLong(state.metadata().getOrDefault(STEP, "0"));
  }

  /** How long they took. */
  static Duration spent(Safetensors state) {
    return Duration.ofMillis(Long.parseLong(state.metadata().getOrDefault(MILLIS, "0")));
  }
}
