package glimt.deploy.training;

import glimt.bundle.BundleException;
import glimt.deploy.command.NetworkTraining;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.OneLine;
import glimt.training.Evaluation;
import glimt.training.Training;
import glimt.training.TrainingObserver;
import glimt.training.recipe.TrainingException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Trains and measures networks with the module {@code training}. */
public final class LoadedTraining implements NetworkTraining {
  /** For the service loader. */
  public LoadedTraining() {}

  @Override
  public boolean train(
      Path recipe,
      @Nullable Path data,
      Path out,
      @Nullable Path from,
      @Nullable String only,
      boolean resume,
      OneLine line,
      BooleanSupplier stop) {
    try {
      return new Training(recipe, data, out, from).train(only, resume, shownOn(line), stop);
    } catch (TrainingException | BundleException e) {
      throw new DeployException(e);
    }
  }

  private static TrainingObserver shownOn(OneLine line) {
    return new TrainingObserver() {
      @Override
      public void now(String text) {
        line.now(text);
      }

      @Override
      public void done(String text) {
        line.done(text);
      }
    };
  }

  @Override
  public String measure(Path bundle, @Nullable Path data, boolean keep, Consumer<String> watch)
      throws InterruptedException {
    try {
      return Evaluation.measure(bundle, data, keep, watch);
    } catch (TrainingException | BundleException e) {
      throw new DeployException(e);
    }
  }

  @Override
  public String measure(
      Path recipe,
      Path bundle,
      @Nullable Path data,
      String level,
      int samples,
      @Nullable Path sheet,
      Consumer<String> watch)
      throws InterruptedException {
    try {
      return Evaluation.measure(recipe, bundle, data, level, samples, sheet, watch);
    } catch (TrainingException | BundleException e) {
      throw new DeployException(e);
    }
  }

  @Override
  public void naming(Path bundle, Path to, Consumer<String> watch) throws InterruptedException {
    try {
      Evaluation.naming(bundle, to, watch);
    } catch (TrainingException | BundleException e) {
      throw new DeployException(e);
    }
  }
}
