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
 * Trains and measures networks for {@code glimt train} and {@code glimt eval}. The implementation
 * is loaded as a service, because it is on the class path of these two commands only.
 */
public interface NetworkTraining {

  /** The file name of a recipe in the folder of a bundle. */
  String RECIPE = "recipe.json";

  /**
   * Trains the networks of a recipe and assembles the bundle.
   *
   * @param data the folder of the raw data; null if the dataset needs none
   * @param out the folder of the bundle
   * @param from the folder of the bundle whose weights the networks start from; null for random
   *     ones
   * @param only the name of the only network to train; null for all
   * @param resume whether to continue from the checkpoints in {@code out}
   * @param line shows the progress
   * @param stop asked after each step whether to stop
   * @return whether the training is complete; false if it was stopped
   * @throws DeployException if the recipe, the data or a file is not valid
   */
  boolean train(
      Path recipe,
      @Nullable Path data,
      Path out,
      @Nullable Path from,
      @Nullable String only,
      boolean resume,
      OneLine line,
      BooleanSupplier stop);

  /**
   * Measures a bundle.
   *
   * @param data the folder of the raw data; null to leave out figures that need real samples
   * @param keep whether to write the figures into the bundle's card
   * @param watch receives lines about the progress
   * @return the figures as a table
   * @throws DeployException if the bundle or the data is not valid
   */
  String measure(Path bundle, @Nullable Path data, boolean keep, Consumer<String> watch)
      throws InterruptedException;

  /**
   * Measures the network of one level; the bundle's other networks may be missing.
   *
   * @param recipe the recipe, in the folder of the networks' sources
   * @param bundle the folder of the weights
   * @param samples how many samples to make
   * @param sheet the PNG file to write a contact sheet to; null for none
   * @return the figures as a table
   * @throws DeployException if the recipe, the bundle or the data is not valid
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
   * Makes a blind test: a sheet of results without their prompts, and the prompts in another file.
   *
   * @param to the folder to write both to
   */
  void naming(Path bundle, Path to, Consumer<String> watch) throws InterruptedException;

  /**
   * Loads the implementation.
   *
   * @throws DeployException if it is not on the class path
   */
  static NetworkTraining load() {
    try {
      return ServiceLoader.load(NetworkTraining.class).findFirst().orElseThrow();
    } catch (NoSuchElementException | ServiceConfigurationError | NoClassDefFoundError missing) {
      throw new DeployException(
          "the classes that train and measure networks are not on the class path; start with"
              + " deploy/glimt, or with java -cp glimt.jar:lib-training/* glimt.deploy.Glimt",
          missing);
    }
  }
}
