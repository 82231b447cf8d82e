package glimt.deploy.command;

import glimt.coordinator.Node.NodeRole;
import glimt.coordinator.Place;
import glimt.deploy.fleet.Fleet;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.node.OneLine;
import glimt.deploy.node.PublicUrlOption;
import glimt.deploy.node.RunningNode;
import glimt.deploy.node.WebhookOption;
import glimt.deploy.node.WorkerOptions;
import glimt.deploy.node.WorkersOption;
import glimt.gateway.Gateway;
import glimt.ledger.DatabaseAddress;
import glimt.postgres.EmbeddedPostgres;
import glimt.storage.StorageException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code glimt up}: a whole farm as one node, with a database of its own. */
@Command(
    name = "up",
    description = {
      "Runs a farm on this machine until it is stopped (Ctrl-C, SIGTERM).",
      "Jobs that an earlier farm on the same home did not finish are continued."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt up",
      "  glimt up --port 9000 --workers 1 --home /srv/glimt",
      "  glimt up --jdbc-url \"jdbc:postgresql://db/glimt?user=glimt\""
    })
public final class Up implements Callable<Integer> {
  @Option(
      names = "--port",
      defaultValue = "8080",
      description = "Port of the HTTP server on 127.0.0.1; 0 for any free one. Default: 8080")
  private int port;

  @Option(
      names = "--jdbc-url",
      paramLabel = "URL",
      description =
          "Use this PostgreSQL instead of the embedded one: "
              + "jdbc:postgresql://HOST/NAME?user=USER or postgresql://USER@HOST/NAME. "
              + "The password may be in PGPASSWORD. A connection pooler must pool by "
              + "session (PgBouncer: pool_mode=session).")
  private @Nullable String jdbcUrl;

  @Mixin private PublicUrlOption publicUrl;

  @Mixin private WebhookOption webhooks;

  @Mixin private WorkersOption workers;

  @Mixin private WorkerOptions working;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() {
    if (port < 0 || port > 65_535) {
      throw new ParameterException(command.commandLine(), "--port must be 0 to 65535, not " + port);
    }
    Gateway.Address http = http().reaching(webhooks.reach());
    int slots = workers.count(0);
    Map<String, String> heard = working.environment();
    Optional<DatabaseAddress> database =
        Optional.ofNullable(jdbcUrl).map(url -> database(command, url));
    Home at = home.open();
    if (Fleet.on(at).runs()) {
      throw new DeployException(
          "a farm of several nodes runs on %s; stop it (glimt farm down) or choose another --home"
              .formatted(at.folder()));
    }
    Optional<Home.Lock> lock = at.lock();
    if (lock.isEmpty()) {
      throw new DeployException(
          "a farm runs on %s already, at %s; stop it, or choose another home with --home"
              .formatted(
                  at.folder(),
                  at.address().map(Object::toString).orElse("an address not yet known")));
    }
    Logs.to(at.logs().resolve("farm.log"));
    try (AtExit exit = AtExit.ofServer()) {
      RunningNode.serve(
          exit,
          atHome(exit, lock.get(), http, slots, database, heard),
          house -> {
            lock.get().announce(house.address().orElseThrow());
            NodeCommand.announce(house);
            StartingWorkers.show(
                new Client(house.address().orElseThrow()),
                new OneLine(System.err, Boolean.getBoolean("glimt.terminal")));
          });
    }
    return 0;
  }

  private Gateway.Address http() {
    try {
      return new Gateway.Address(
          Gateway.Address.LOOPBACK,
          port,
          Optional.empty(),
          publicUrl.urls(),
          Set.of(),
          publicUrl.requireKey());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), "--public-url: " + e.getMessage());
    }
  }

  /**
   * Parses the value of {@code --jdbc-url}.
   *
   * @throws ParameterException if it is not the URL of a PostgreSQL database
   */
  static DatabaseAddress database(CommandSpec command, String url) {
    try {
      return DatabaseAddress.of(url);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), "--jdbc-url " + e.getMessage());
    }
  }

  /**
   * The settings of a node with every role.
   *
   * @param exit stops the database when it closes, and releases {@code lock}
   * @param database the database to use; empty to start the embedded one
   * @param working environment variables of the workers
   */
  static RunningNode.NodeSettings atHome(
      AtExit exit,
      Home.Lock lock,
      Gateway.Address http,
      int workers,
      Optional<DatabaseAddress> database,
      Map<String, String> working) {
    Home home = exit.open(() -> lock).home();
    RunningNode.refuseIfTaken(http, "--port");
    return new RunningNode.NodeSettings(
        home,
        "up",
        EnumSet.allOf(NodeRole.class),
        Place.LOOPBACK,
        http,
        workers,
        database.orElseGet(() -> own(exit, home)),
        home.makeArtifacts(),
        Optional.empty(),
        working);
  }

  private static DatabaseAddress own(AtExit exit, Home home) {
    try {
      EmbeddedPostgres postgres = exit.open(() -> EmbeddedPostgres.start(home.database()));
      return new DatabaseAddress(postgres.url(), postgres.user(), postgres.password());
    } catch (StorageException e) {
      throw RunningNode.explained(home, e);
    }
  }
}
