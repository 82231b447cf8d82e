package glimt.deploy.command;

import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code glimt eval}: measures the quality of a bundle. */
@Command(
    name = "eval",
    description = {
      "Measures how well a bundle follows its prompts, and prints a table.",
      "Prompts and seeds are fixed, so that results can be compared."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt eval workers/models/clips",
      "  glimt eval my-clips --data clips --keep",
      "  glimt eval workers/models/objects --naming named",
      "  glimt eval my-tiles --recipe workers/models/tiles/recipe.json --data clips --only base"
    })
public final class Eval implements Callable<Integer> {
  @Parameters(paramLabel = "BUNDLE", description = "The folder of a bundle.")
  private Path bundle;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder of the raw data; without it, figures that need real samples are left out.")
  private @Nullable Path data;

  @Option(
      names = "--keep",
      description = "Write the figures into the bundle's card, and a sheet of samples next to it.")
  private boolean keep;

  @Option(
      names = "--naming",
      paramLabel = "DIR",
      description =
          "Instead of measuring, make a blind test: a sheet of results in shuffled"
              + " order without their prompts, and a file with the key.")
  private @Nullable Path naming;

  @Option(
      names = "--only",
      paramLabel = "LEVEL",
      description =
          "Measure only this level's network, with the classifier. The card and the"
              + " other weights may be missing, so that a network can be measured while it is"
              + " trained. For video only.")
  private @Nullable String only;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "128",
      description = "With --only, how many samples to make. Default: 128")
  private int samples;

  @Option(
      names = "--recipe",
      paramLabel = "FILE",
      description = "With --only, the recipe. Default: BUNDLE/recipe.json")
  private @Nullable Path recipe;

  @Option(
      names = "--sheet",
      paramLabel = "FILE",
      description = "With --only, PNG file to write a contact sheet of the first level's clips to.")
  private @Nullable Path sheet;

  @Mixin private HomeOption home;

  @Override
  public Integer call() throws InterruptedException {
    Logs.to(home.open().logs().resolve("eval.log"));
    NetworkTraining training = NetworkTraining.load();
    if (naming != null) {
      training.naming(bundle, naming, System.err::println);
      System.out.println(naming);
    } else if (only != null) {
      Path from = recipe == null ? bundle.resolve(NetworkTraining.RECIPE) : recipe;
      System.out.println(
          training.measure(from, bundle, data, only, samples, sheet, System.err::println));
    } else {
      System.out.println(training.measure(bundle, data, keep, System.err::println));
    }
    return 0;
  }
}
