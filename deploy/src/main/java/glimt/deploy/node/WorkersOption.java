package glimt.deploy.node;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The option {@code --workers} of commands that start a node. */
public final class WorkersOption {
  @Option(
      names = "--workers",
      paramLabel = "N",
      description =
          "Number of worker processes. Default: one per GPU, else one per core, at most 4")
  private @Nullable Integer workers;

  @Spec(Target.MIXEE)
  private @Nullable CommandSpec command;

  /**
   * The number of workers.
   *
   * @throws ParameterException if it is less than {@code least} or too large
   */
  public int count(int least) {
    int count = workers == null ? RunningNode.slots() : workers;
    if (command != null && (count < least || count > RunningNode.WORKERS_LIMIT)) {
      throw new ParameterException(
          command.commandLine(),
          "--workers must be %s to %s, not %s".formatted(least, RunningNode.WORKERS_LIMIT, count));
    }
    return count;
  }
}
