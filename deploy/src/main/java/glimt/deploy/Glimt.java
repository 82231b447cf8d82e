package glimt.deploy;

import glimt.deploy.chaos.Chaos;
import glimt.deploy.command.AuditCommand;
import glimt.deploy.command.Bench;
import glimt.deploy.command.CancelJob;
import glimt.deploy.command.ChangeJob;
import glimt.deploy.command.Eval;
import glimt.deploy.command.FarmCommand;
import glimt.deploy.command.Generate;
import glimt.deploy.command.ImportModel;
import glimt.deploy.command.KeyCommand;
import glimt.deploy.command.ListJobs;
import glimt.deploy.command.ListModels;
import glimt.deploy.command.ListNodes;
import glimt.deploy.command.NodeCommand;
import glimt.deploy.command.Refine;
import glimt.deploy.command.ShowUsage;
import glimt.deploy.command.TenantCommand;
import glimt.deploy.command.Train;
import glimt.deploy.command.Up;
import glimt.deploy.command.VerifyFile;
import glimt.deploy.command.WebhookCommand;
import glimt.deploy.command.WorkerCommand;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Environment;
import glimt.deploy.node.Program;
import glimt.deploy.node.PutOutException;
import glimt.deploy.node.Visible;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;

/** The program: {@code glimt COMMAND}. */
@Command(
    name = "glimt",
    mixinStandardHelpOptions = true,
    versionProvider = Glimt.Version.class,
    scope = ScopeType.INHERIT,
    synopsisSubcommandLabel = "COMMAND",
    description = "Makes videos, images and 3D point clouds from a prompt, with live previews.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt up",
      "  glimt generate \"a whale moves left over blue\" -o whale.mp4",
      "  glimt generate \"a pine tree\" -o tree.glb"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:failure; standard error names the cause",
      "2:wrong usage",
      "3:a node was removed from its farm's cluster and could not rejoin; start it again"
    },
    subcommands = {
      Up.class,
      NodeCommand.class,
      FarmCommand.class,
      Generate.class,
      ListJobs.class,
      Refine.class,
      ChangeJob.Stop.class,
      CancelJob.class,
      ChangeJob.Pause.class,
      ChangeJob.Resume.class,
      ChangeJob.Reclassify.class,
      ChangeJob.Limit.class,
      TenantCommand.class,
      KeyCommand.class,
      AuditCommand.class,
      WebhookCommand.class,
      ShowUsage.class,
      ListModels.class,
      ListNodes.class,
      VerifyFile.class,
      ImportModel.class,
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
    // The build checks that our own code names a locale; libraries may still use the default.
    Locale.setDefault(Locale.ROOT);
    for (int i = 0; i < args.length; i++) {
      if (Environment.isMangled(args[i])) {
        System.err.println(
            "glimt: argument %s is not valid UTF-8: %s".formatted(i + 1, Visible.of(args[i])));
        System.exit(2);
      }
    }
    System.exit(commands().execute(args));
  }

  /** Takes arguments literally: a prompt may begin with @ or contain ${. */
  static CommandLine commands() {
    CommandLine commands =
        new CommandLine(new Glimt())
            .setUsageHelpWidth(100)
            .setExpandAtFiles(false)
            .setInterpolateVariables(false)
            .setExecutionExceptionHandler((e, _, _) -> failed(e));
    // Help texts need interpolation, for names of options and defaults: enable it after parsing.
    IParameterExceptionHandler refused = commands.getParameterExceptionHandler();
    return commands
        .setExecutionStrategy(
            read -> {
              commands.setInterpolateVariables(true);
              return new RunLast().execute(read);
            })
        .setParameterExceptionHandler(
            (e, args) -> {
              commands.setInterpolateVariables(true);
              return refused.handleParseException(e, args);
            });
  }

  /**
   * Reports a failure on standard error: in one sentence if the user can do something about it;
   * otherwise with a stack trace in the log.
   */
  private static int failed(Exception e) {
    if (e instanceof PutOutException) {
      say(e.getMessage());
      return PutOutException.CODE;
    }
    if (e instanceof DeployException) {
      say(e.getMessage());
    } else {
      Logger log = LoggerFactory.getLogger(Glimt.class);
      log.error("glimt failed", e);
      say(e.toString());
    }
    return 1;
  }

  private static void say(@Nullable String line) {
    System.err.println("glimt: " + Visible.of(String.valueOf(line)));
  }
}
