package glimt.deploy.command;

import glimt.deploy.node.DeployException;
import glimt.deploy.node.OneLine;
import java.nio.file.Path;
import java.util.NoSuchElementException;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@code glimt train} and {@code glimt eval} do. The classes that do it are found by name, and
 * only by these two commands: they are on no other process's class path.
 */
public interface NetworkTraining {

  /** The name of a recipe in the folder of a bundle. */
  String RECIPE = "recipe.json";

  /**
   * Trains the networks of a recipe and puts the bundle together.
   *
   * @param data folder of the raw data, if the dataset needs one
   * @param only the one network to train; null for all
   * @param resume whether to go on from the checkpoints in {@code out}
   * @param line where progress is shown
   * @param stop asked after each step
   * @return false if it was stopped
   * @throws DeployException saying what is wrong with the recipe, the data or a file
   */
  boolean train(
      Path recipe,
      @Nullable Path data,
      Path out,
      @Nullable String only,
      boolean resume,
      OneLine line,
      BooleanSupplier stop);

  /**
   * Measures a bundle.
   *
   * @param keep whether the figures are written into its card
   * @param watch sees a line now and then
   * @return the figures as a table
   */
  String measure(Path bundle, @Nullable Path data, boolean keep, Consumer<String> watch)
      throws InterruptedException;

  /**
   * Measures the network of one level while the others may be missing.
   *
   * @param recipe beside the sources
   * @param bundle the folder of the weights
   * @param samples how many are made
   * @param sheet where a contact sheet goes, a PNG picture
   * @return the figures as a table
   */
  String measure(
      Path recipe,
      Path bundle,
      @Nullable Path data,
      String level,
      int samples,
      @Nullable Path sheet,
      Consumer<String> watch)
      throws InterruptedException;

  /**
   * Makes results for someone to name who has not seen the prompts, and apart from them the key.
   */
  void naming(Path bundle, Path to, Consumer<String> watch) throws InterruptedException;

  /**
   * The one that is on the class path.
   *
   * @throws DeployException if this process was started without it
   */
  static NetworkTraining load() {
    try {
      return ServiceLoader.load(NetworkTraining.class).findFirst().orElseThrow();
    } catch (NoSuchElementException | ServiceConfigurationError | NoClassDefFoundError missing) {
      throw new DeployException(
          "the classes that train and measure networks are not on the class path; deploy/glimt puts"
              + " them there, as java -cp glimt.jar:lib-training/* glimt.deploy.Glimt does",
          missing);
    }
  }
}
