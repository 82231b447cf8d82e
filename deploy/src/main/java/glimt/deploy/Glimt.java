package glimt.deploy;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ScopeType;

/** The program: {@code glimt COMMAND}. */
@Command(
    name = "glimt",
    mixinStandardHelpOptions = true,
    versionProvider = Glimt.Version.class,
    scope = ScopeType.INHERIT,
    synopsisSubcommandLabel = "COMMAND",
    description = "Makes video and 3D point clouds from a prompt, and lets you see them come.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt up",
      "  glimt generate \"a whale moves left over blue\" -o whale.mp4",
      "  glimt generate \"a pine tree\" -o tree.glb"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:it failed, and standard error says why", "2:bad usage"},
    subcommands = {
      Up.class,
      Generate.class,
      ListJobs.class,
      CancelJob.class,
      ListModels.class,
      Train.class,
      Eval.class,
      Bench.class,
      WorkerCommand.class
    })
final class Glimt {
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Glimt.class.getPackage().getImplementationVersion();
      return new String[] {"glimt " + (version == null ? "unpackaged" : version)};
    }
  }

  private Glimt() {}

  public static void main(String[] args) {
    int code =
        new CommandLine(new Glimt())
            .setUsageHelpWidth(100)
            .setExecutionExceptionHandler((e, _, _) -> failed(e))
            .execute(args);
    System.exit(code);
  }

  /**
   * What stands in a person's way is one sentence; what is our own mistake has its trace in the
   * log.
   */
  private static int failed(Exception e) {
    if (e instanceof DeployException) {
      System.err.println("glimt: " + e.getMessage());
    } else {
      Logger log = LoggerFactory.getLogger(Glimt.class);
      log.error("glimt failed", e);
      System.err.println("glimt: " + e);
    }
    return 1;
  }
}
