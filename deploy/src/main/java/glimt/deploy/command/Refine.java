package glimt.deploy.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Visible;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code glimt refine}: goes on from a finished level of a job, such as a draft. */
@Command(
    name = "refine",
    description = {
      "Goes on from a finished level of a job, such as a draft, and makes the levels above it.",
      "Without another prompt or seed the file is the one of the job that would have gone all the",
      "way."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt generate \"a whale moves left over blue\" -o whale.mp4 --drafts 4",
      "  glimt refine ID -o whale.mp4",
      "  glimt refine ID -o right.mp4 --prompt \"a whale moves right over blue\""
    })
public final class Refine implements Callable<Integer> {
  @Mixin private ChangeJob.ChosenJob job;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      required = true,
      description = "File to write, with the ending of the job's format.")
  private Path output;

  @Option(
      names = "--from",
      paramLabel = "LEVEL",
      description = "Level to begin with. Default: the newest that is finished")
  private @Nullable String from;

  @Option(names = "--prompt", description = "Other words for the levels above.")
  private @Nullable String prompt;

  @Option(names = "--seed", description = "Another seed for the levels above.")
  private @Nullable Long seed;

  @Option(names = "--levels", description = "How many levels to make. Default: all above")
  private @Nullable Integer levels;

  @Override
  public Integer call() throws IOException {
    OutputFile file = OutputFile.at(output);
    ObjectNode wish = Client.object();
    wish.put("from", from).put("prompt", prompt).put("seed", seed).put("levels", levels);
    wish.properties().removeIf(field -> field.getValue().isNull());
    try (AtExit exit = new AtExit()) {
      Client farm = job.farm();
      checkEnding(farm.get(job.path()).path("format").asText());
      WatchedJob refined =
          exit.open(
              () -> WatchedJob.submit(farm, job.path() + "/refine", wish), WatchedJob::giveUp);
      return Generate.deliver(farm, refined, file, output.toString());
    } catch (Client.Refused e) {
      System.err.println("glimt: " + Visible.of(String.valueOf(e.getMessage())));
      return e.ours() ? 2 : 1;
    }
  }

  private void checkEnding(String format) {
    if (!output.toString().toLowerCase(Locale.ROOT).endsWith("." + format)) {
      throw new DeployException(
          "the job makes .%s, so %s cannot be its file; name one that ends so"
              .formatted(format, output));
    }
  }

  /** Makes drafts and writes them beside each other, and prints each file with its job's id. */
  static int drafts(AtExit exit, Client farm, ObjectNode wish, Path output) throws IOException {
    List<WatchedJob> jobs = new ArrayList<>();
    exit.open(
        () -> {
          jobs.addAll(WatchedJob.submitDrafts(farm, wish));
          return jobs;
        },
        all -> all.forEach(WatchedJob::giveUp));
    int code = 0;
    for (int i = 0; i < jobs.size(); i++) {
      WatchedJob draft = jobs.get(i);
      Path file = numbered(output, i + 1);
      code =
          Math.max(
              code, Generate.deliver(farm, draft, OutputFile.at(file), file + " " + draft.id()));
    }
    return code;
  }

  /** Returns whale-1.mp4 for whale.mp4. */
  static Path numbered(Path file, int number) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return file.resolveSibling(
        "%s-%s%s".formatted(name.substring(0, dot), number, name.substring(dot)));
  }
}
