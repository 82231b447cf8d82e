package glimt.deploy.command;

import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.node.OneLine;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code glimt train}: from a recipe to a bundle. */
@Command(
    name = "train",
    description = {
      "Trains the networks of a recipe and assembles them as a bundle.",
      "The networks, their students and the classifier are trained one after the other. Every",
      "minute a checkpoint is written next to the weights and, if that takes at most a fiftieth of",
      "the time, a sheet of samples (NETWORK.samples.png).",
      "Ctrl-C stops the training without loss; --resume continues it."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt train workers/recipes/toy.json --out toy",
      "  glimt train workers/models/clips/recipe.json --data clips --out my-clips",
      "  glimt train workers/models/clips/recipe.json --data clips --out my-clips --only motion"
          + " --resume",
      "  glimt train my-recipe/recipe.json --data clips --out mine --from workers/models/clips"
    })
public final class Train implements Callable<Integer> {
  @Parameters(
      paramLabel = "RECIPE",
      description = "The recipe.json, in the folder of the networks' sources.")
  private Path recipe;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Folder of the raw data; the dataset `shapes` needs none.")
  private @Nullable Path data;

  @Option(
      names = "--out",
      paramLabel = "BUNDLE",
      required = true,
      description = "Folder of the bundle to write.")
  private Path out;

  @Option(
      names = "--from",
      paramLabel = "BUNDLE",
      description =
          "Start from the weights of this bundle's networks of the same names, instead of random "
              + "ones: to train them further, or on other data.")
  private @Nullable Path from;

  @Option(
      names = "--only",
      paramLabel = "NETWORK",
      description = "Train only this network, student or classifier.")
  private @Nullable String only;

  @Option(names = "--resume", description = "Continue from the checkpoints in BUNDLE.")
  private boolean resume;

  @Mixin private HomeOption home;

  private final CountDownLatch stopping = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);

  @Override
  public Integer call() {
    Logs.to(home.open().logs().resolve("train.log"));
    Thread hook = Thread.ofPlatform().name("at-exit").unstarted(this::stop);
    Runtime.getRuntime().addShutdownHook(hook);
    OneLine line = new OneLine(System.err, Boolean.getBoolean("glimt.terminal"));
    try {
      boolean done =
          NetworkTraining.load()
              .train(recipe, data, out, from, only, resume, line, () -> stopping.getCount() == 0);
      if (!done) {
        line.done("stopped, and nothing is lost; continue with --resume");
        return 1;
      }
      System.out.println(out);
      return 0;
    } catch (DeployException e) {
      line.end();
      throw e;
    } finally {
      stopped.countDown();
    }
  }

  /** Asks the training to stop after the current step and waits for its checkpoint. */
  private void stop() {
    stopping.countDown();
    try {
      stopped.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
