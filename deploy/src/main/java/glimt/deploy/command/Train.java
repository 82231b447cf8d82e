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
      "Trains the networks of a recipe, its students and its classifier, one after the other, and",
      "puts them together as a bundle. Every minute it writes a checkpoint beside the weights and,",
      "as long as that takes no more than a fiftieth of the time, a sheet of samples",
      "(NETWORK.samples.png). Ctrl-C stops it without loss; --resume goes on from there."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt train workers/recipes/toy.json --out toy",
      "  glimt train workers/models/clips/recipe.json --data clips --out my-clips",
      "  glimt train workers/models/clips/recipe.json --data clips --out my-clips --only base"
          + " --resume"
    })
public final class Train implements Callable<Integer> {
  @Parameters(
      paramLabel = "RECIPE",
      description = "What to train: recipe.json, beside its sources.")
  private Path recipe;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The raw data; only shapes, which are drawn, need none.")
  private @Nullable Path data;

  @Option(names = "--out", paramLabel = "BUNDLE", required = true, description = "Where to.")
  private Path out;

  @Option(
      names = "--only",
      paramLabel = "NETWORK",
      description = "This network or student alone, or the classifier.")
  private @Nullable String only;

  @Option(names = "--resume", description = "Go on from the checkpoints in BUNDLE.")
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
              .train(recipe, data, out, only, resume, line, () -> stopping.getCount() == 0);
      if (!done) {
        line.done("stopped, and nothing is lost: go on with --resume");
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

  /** Between two steps, so that the checkpoint is whole. */
  private void stop() {
    stopping.countDown();
    try {
      stopped.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
