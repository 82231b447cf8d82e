package glimt.deploy.command;

import glimt.coordinator.Node.NodeRole;
import glimt.deploy.fleet.Fleet;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code glimt farm}: manages a farm of several node processes on this machine. */
@Command(
    name = "farm",
    description = {
      "Runs a small farm of separate processes, to try how it survives failures.",
      "The processes run on this machine until `farm down` stops them, also after the command ends."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  farm up --coordinators 3 --workers 4 --gateways 2",
      "  farm ps",
      "  farm kill -9 coordinator-2",
      "  farm start coordinator-2",
      "  farm down"
    },
    subcommands = {
      FarmCommand.Start.class,
      FarmCommand.FarmUp.class,
      FarmCommand.Ps.class,
      FarmCommand.Kill.class,
      FarmCommand.FarmLogs.class,
      FarmCommand.Down.class
    })
public final class FarmCommand implements Runnable {
  private static final int MANY = 32;
  private static final int LINES = 200;

  @Spec private CommandSpec command;

  @Override
  public void run() {
    throw new ParameterException(
        command.commandLine(), "a subcommand is missing: up, ps, kill, start, logs or down");
  }

  @Command(
      name = "up",
      description = {
        "Starts the farm's nodes that do not run yet; with higher numbers, more nodes join it."
      })
  static final class FarmUp implements Callable<Integer> {
    @Option(
        names = "--coordinators",
        defaultValue = "2",
        description = "Number of coordinators. Default: 2")
    private int coordinators;

    @Option(
        names = "--workers",
        defaultValue = "2",
        description = "Number of nodes with one worker each. Default: 2")
    private int workers;

    @Option(
        names = "--gateways",
        defaultValue = "1",
        description = "Number of gateways. Default: 1")
    private int gateways;

    @Option(
        names = "--jdbc-url",
        paramLabel = "URL",
        description = "Uses this PostgreSQL instead of the embedded one.")
    private @Nullable String jdbcUrl;

    @Mixin private HomeOption home;

    @Spec private CommandSpec command;

    @Override
    public Integer call() {
      limit("--coordinators", coordinators);
      limit("--workers", workers);
      limit("--gateways", gateways);
      Home at = home.open();
      at.lock()
          .orElseThrow(
              () ->
                  new DeployException(
                      "glimt up runs on %s; stop it, or choose another home with --home"
                          .formatted(at.folder())))
          .close();
      Fleet fleet = Fleet.on(at);
      if (jdbcUrl != null) {
        glimt.deploy.command.Up.database(command, jdbcUrl);
        fleet.useDatabase(jdbcUrl);
      }
      List<String> names = new ArrayList<>();
      names.addAll(add(fleet, NodeRole.COORDINATOR, coordinators, List.of()));
      names.addAll(add(fleet, NodeRole.GATEWAY, gateways, List.of()));
      names.addAll(add(fleet, NodeRole.WORKER, workers, List.of("--workers", "1")));
      for (String name : names) {
        Fleet.Member ready = fleet.awaitReady(name);
        System.out.println(
            name
                + " is ready"
                + ready.http().map(URI::toString).map(url -> " at " + url).orElse(""));
      }
      return 0;
    }

    private static List<String> add(Fleet fleet, NodeRole role, int count, List<String> options) {
      List<String> names = new ArrayList<>();
      List<String> there = fleet.members().stream().map(Fleet.Member::name).toList();
      for (int number = 1; number <= count; number++) {
        String name = role.word() + "-" + number;
        if (there.contains(name)) {
          fleet.start(name, Map.of());
        } else {
          fleet.add(name, role, options);
        }
        names.add(name);
      }
      return names;
    }

    private void limit(String option, int value) {
      if (value < 0 || value > MANY) {
        throw new ParameterException(
            command.commandLine(), "%s must be 0 to %s, not %s".formatted(option, MANY, value));
      }
    }
  }

  @Command(name = "ps", description = "Lists the farm's processes.")
  static final class Ps implements Callable<Integer> {
    @Mixin private HomeOption home;

    @Override
    public Integer call() {
      Fleet fleet = Fleet.on(home.open());
      row("NAME", "PROCESS", "UP SINCE", "ADDRESS");
      fleet
          .postgres()
          .ifPresent(process -> row(Fleet.POSTGRES, "" + process.pid(), since(process), ""));
      for (Fleet.Member member : fleet.members()) {
        row(
            member.name(),
            member.process().map(process -> "" + process.pid()).orElse("-"),
            member.process().map(Ps::since).orElse("not running"),
            member.http().map(URI::toString).orElse(""));
        List<ProcessHandle> slots = member.slots();
        for (int slot = 0; slot < slots.size(); slot++) {
          row(member.name() + "/" + slot, "" + slots.get(slot).pid(), since(slots.get(slot)), "");
        }
      }
      return 0;
    }

    private static void row(String name, String process, String since, String address) {
      System.out.println("%-18s %-8s %-21s %s".formatted(name, process, since, address).strip());
    }

    private static String since(ProcessHandle process) {
      return process
          .info()
          .startInstant()
          .map(began -> began.truncatedTo(ChronoUnit.SECONDS))
          .map(Instant::toString)
          .orElse("");
    }
  }

  @Command(
      name = "kill",
      description = {
        "Sends a signal to a process of the farm. The default, -TERM, asks a node to shut down"
            + " cleanly.",
        "The name of a node's worker process is NODE/0; the database is " + Fleet.POSTGRES + "."
      })
  static final class Kill implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "Name of the process, as `farm ps` lists it.")
    private String name;

    @ArgGroup private @Nullable Which which;

    @Mixin private HomeOption home;

    private static final class Which {
      @Option(
          names = {"-9", "-KILL"},
          description = "Kills it at once.")
      private boolean kill;

      @Option(names = "-TERM", description = "Asks it to shut down cleanly.")
      private boolean term;

      @Option(names = "-STOP", description = "Freezes it.")
      private boolean stop;

      @Option(names = "-CONT", description = "Lets it continue.")
      private boolean cont;

      private Fleet.UnixSignal signal() {
        if (term) {
          return Fleet.UnixSignal.TERM;
        }
        if (kill) {
          return Fleet.UnixSignal.KILL;
        }
        if (stop) {
          return Fleet.UnixSignal.STOP;
        }
        if (cont) {
          return Fleet.UnixSignal.CONT;
        }
        throw new IllegalStateException("none of a group's options was given");
      }
    }

    @Override
    public Integer call() {
      Fleet fleet = Fleet.on(home.open());
      Fleet.signal(
          process(fleet)
              .orElseThrow(
                  () ->
                      new DeployException(
                          "%s is not running; `farm ps` lists the processes".formatted(name))),
          which == null ? Fleet.UnixSignal.TERM : which.signal());
      return 0;
    }

    private Optional<ProcessHandle> process(Fleet fleet) {
      if (name.equals(Fleet.POSTGRES)) {
        return fleet.postgres();
      }
      int slash = name.indexOf('/');
      if (slash < 0) {
        return fleet.find(name).process();
      }
      List<ProcessHandle> slots = fleet.find(name.substring(0, slash)).slots();
      String slot = name.substring(slash + 1);
      return slot.matches("\\d{1,2}")
          ? slots.stream().skip(Integer.parseInt(slot)).findFirst()
          : Optional.empty();
    }
  }

  @Command(name = "start", description = "Starts a node again, with the same options as before.")
  static final class Start implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "Name of the process, as `farm ps` lists it.")
    private String name;

    @Mixin private HomeOption home;

    @Override
    public Integer call() {
      Fleet fleet = Fleet.on(home.open());
      if (name.equals(Fleet.POSTGRES)) {
        System.out.println("postgres answers at " + fleet.database().host());
        return 0;
      }
      fleet.start(name, Map.of());
      fleet.awaitReady(name);
      System.out.println(name + " is ready");
      return 0;
    }
  }

  @Command(name = "logs", description = "Shows the end of a node's log.")
  static final class FarmLogs implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "Name of the process, as `farm ps` lists it.")
    private String name;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      Home at = home.open();
      Fleet fleet = Fleet.on(at);
      Path log =
          name.equals(Fleet.POSTGRES)
              ? at.database().resolve("postgres.log")
              : at.logs().resolve(fleet.find(name).name() + ".log");
      if (!Files.exists(log)) {
        throw new DeployException("%s has no log yet".formatted(name));
      }
      List<String> lines = Files.readAllLines(log);
      lines.subList(Math.max(0, lines.size() - LINES), lines.size()).forEach(System.out::println);
      return 0;
    }
  }

  @Command(name = "down", description = "Stops all processes of the farm cleanly.")
  static final class Down implements Callable<Integer> {
    @Mixin private HomeOption home;

    @Override
    public Integer call() {
      Fleet.on(home.open()).down();
      return 0;
    }
  }
}
