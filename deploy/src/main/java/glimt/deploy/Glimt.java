package glimt.deploy;

import glimt.deploy.chaos.Chaos;
import glimt.deploy.command.Bench;
import glimt.deploy.command.CancelJob;
import glimt.deploy.command.Eval;
import glimt.deploy.command.FarmCommand;
import glimt.deploy.command.Generate;
import glimt.deploy.command.ListJobs;
import glimt.deploy.command.ListModels;
import glimt.deploy.command.ListNodes;
import glimt.deploy.command.NodeCommand;
import glimt.deploy.command.Train;
import glimt.deploy.command.Up;
import glimt.deploy.command.WorkerCommand;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Program;
import glimt.deploy.node.PutOutException;
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
    exitCodeList = {
      "0:done",
      "1:it failed, and standard error says why",
      "2:bad usage",
      "3:a node was put out of its farm and could not come back; start it again"
    },
    subcommands = {
      Up.class,
      NodeCommand.class,
      FarmCommand.class,
      Generate.class,
      ListJobs.class,
      CancelJob.class,
      ListModels.class,
      ListNodes.class,
      Train.class,
      Eval.class,
      Bench.class,
      Chaos.class,
      WorkerCommand.class
    })
public final class Glimt {
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"glimt " + Program.version()};
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
    if (e instanceof PutOutException) {
      System.err.println("glimt: " + e.getMessage());
      return PutOutException.CODE;
    }
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
