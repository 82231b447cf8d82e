package glimt.deploy.command;

import glimt.bundle.BundleException;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.training.Evaluation;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "eval",
    description = {
      "Measures how well a bundle does what its prompts say, by fixed prompts and seeds,",
      "and prints a table."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt eval workers/models/clips",
      "  glimt eval my-clips --data clips --keep",
      "  glimt eval workers/models/objects --naming named",
      "  glimt eval my-clips --recipe workers/models/clips/recipe.json --data clips --only base"
    })
public final class Eval implements Callable<Integer> {
  @Parameters(paramLabel = "BUNDLE", description = "The folder of a bundle.")
  private Path bundle;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The raw data; without it, what needs real samples is left out.")
  private @Nullable Path data;

  @Option(names = "--keep", description = "Write the figures into the card, a sheet beside it.")
  private boolean keep;

  @Option(
      names = "--naming",
      paramLabel = "DIR",
      description = {
        "Measure nothing; make results for someone to name who has not seen the prompts:",
        "a sheet of them in shuffled order, and apart from it the key."
      })
  private @Nullable Path naming;

  @Option(
      names = "--only",
      paramLabel = "LEVEL",
      description = {
        "This level's network alone, with the classifier: neither a card nor other weights are",
        "needed, so that a network can be measured while it is being trained. For bundles of clips."
      })
  private @Nullable String only;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "128",
      description = "With --only, how many are made (default: 128).")
  private int samples;

  @Option(
      names = "--recipe",
      paramLabel = "FILE",
      description = "With --only, the recipe beside the sources (default: BUNDLE/recipe.json).")
  private @Nullable Path recipe;

  @Option(
      names = "--sheet",
      paramLabel = "FILE",
      description = "With --only, where a contact sheet of the first level's clips goes, a PNG.")
  private @Nullable Path sheet;

  @Mixin private HomeOption home;

  @Override
  public Integer call() throws InterruptedException {
    Logs.to(home.open().logs().resolve("eval.log"));
    try {
      if (naming != null) {
        Evaluation.naming(bundle, naming, System.err::println);
        System.out.println(naming);
        return 0;
      }
      System.out.println(only == null ? whole() : level(only));
      return 0;
    } catch (BundleException | TrainingException e) {
      throw new DeployException(e);
    }
  }

  private String whole() throws InterruptedException {
    return Evaluation.measure(bundle, data, keep, System.err::println);
  }

  private String level(String level) throws InterruptedException {
    Path from = recipe == null ? bundle.resolve(Recipe.FILE) : recipe;
    return Evaluation.measure(from, bundle, data, level, samples, sheet, System.err::println);
  }
}
