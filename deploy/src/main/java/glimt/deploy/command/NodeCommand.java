package glimt.deploy.command;

import glimt.coordinator.Node.NodeRole;
import glimt.coordinator.Place;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.Client;
import glimt.deploy.node.Environment;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.node.PublicUrlOption;
import glimt.deploy.node.RunningNode;
import glimt.deploy.node.WebhookOption;
import glimt.deploy.node.WorkerOptions;
import glimt.deploy.node.WorkersOption;
import glimt.gateway.Gateway;
import glimt.ledger.ApiKeys;
import glimt.ledger.DatabaseAddress;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code glimt node}: one node of a farm of many. */
@Command(
    name = "node",
    description = {
      "Runs one node of a farm until it is stopped (Ctrl-C, SIGTERM).",
      "All nodes of a farm share one PostgreSQL, where they find each other, and one folder of",
      "artifacts. Nodes may join and leave at any time."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt node --roles coordinator,gateway --jdbc-url jdbc:postgresql://db/glimt?user=glimt"
          + " --artifacts /srv/glimt",
      "  glimt node --roles worker --workers 4 --jdbc-url … --artifacts /srv/glimt"
    })
public final class NodeCommand implements Callable<Integer> {
  @Option(
      names = "--roles",
      paramLabel = "ROLE",
      required = true,
      split = ",",
      description = "The node's roles: coordinator, gateway, worker, or several of them.")
  private List<String> roles;

  @Option(
      names = "--jdbc-url",
      paramLabel = "URL",
      description =
          "URL of the farm's PostgreSQL. The password may be in PGPASSWORD. "
              + "Default: GLIMT_JDBC_URL")
  private @Nullable String jdbcUrl;

  @Option(
      names = "--artifacts",
      paramLabel = "DIR",
      description = "The folder that all nodes of the farm share. Default: HOME/artifacts")
  private @Nullable Path artifacts;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description =
          "Name of the node, for people and for its log files. "
              + "Default: its role and a random suffix")
  private @Nullable String name;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      description =
          "Host name or address by which other nodes reach this one. "
              + "Any other than a loopback address needs --tls. Default: 127.0.0.1")
  private String host;

  @Option(
      names = "--port",
      defaultValue = "0",
      description = "Port on which other nodes reach this one. Default: 0, any free port")
  private int port;

  @Option(
      names = "--tls",
      paramLabel = "DIR",
      description =
          "Folder with node.key (RSA, PKCS#8), node.crt and ca.crt, in PEM. Nodes "
              + "authenticate each other with these and accept no other peers. "
              + "Default: GLIMT_TLS")
  private @Nullable Path tls;

  @Option(
      names = "--http-host",
      paramLabel = "HOST",
      defaultValue = Gateway.Address.LOOPBACK,
      description =
          "Address on which the gateway's HTTP server listens. "
              + "Any other than a loopback address needs --key-file or --require-key. "
              + "Default: 127.0.0.1")
  private String httpHost;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      defaultValue = "8080",
      description = "Port of the gateway's HTTP server; 0 for any free one. Default: 8080")
  private int httpPort;

  @Mixin private PublicUrlOption publicUrl;

  @Mixin private WebhookOption webhooks;

  @Option(
      names = "--trust-proxy",
      paramLabel = "ADDRESS",
      split = ",",
      description =
          "IP address of a proxy on another machine whose forwarding headers are "
              + "trusted (Forwarded, X-Forwarded-Host, -Proto, -Port and -Prefix), as "
              + "those of proxies on this machine always are.")
  private Set<String> proxies = Set.of();

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description =
          "File with a key that may do everything; every HTTP request must then carry "
              + "it, or a key of `glimt key`, in the header Authorization: Bearer KEY. "
              + "Default: the value of GLIMT_KEY, if it is set")
  private @Nullable Path keyFile;

  @Option(
      names = "--models",
      paramLabel = "DIR",
      description = "Folder with more bundles, besides those in HOME/models.")
  private @Nullable Path models;

  @Mixin private WorkersOption workers;

  @Mixin private WorkerOptions working;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() {
    EnumSet<NodeRole> chosen = roles();
    Place place = place();
    within("--port", port, 0, 65_535);
    within("--http-port", httpPort, 0, 65_535);
    int slots = workers.count(chosen.contains(NodeRole.WORKER) ? 1 : 0);
    DatabaseAddress database = database();
    Map<String, String> heard = working.environment();
    Home at = home.open();
    String called = name == null ? anyName(chosen) : name;
    if (!called.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")) {
      throw bad("--name must be at most 63 letters, digits, '.', '_' and '-', not " + called);
    }
    Logs.to(at.logs().resolve(called + ".log"));
    RunningNode.NodeSettings settings =
        new RunningNode.NodeSettings(
            at,
            called,
            chosen,
            place,
            http(chosen).reaching(webhooks.reach()),
            slots,
            database,
            artifacts == null ? at.makeArtifacts() : artifacts.toAbsolutePath().normalize(),
            Optional.ofNullable(models),
            heard);
    try (AtExit exit = AtExit.ofServer()) {
      RunningNode.serve(exit, settings, NodeCommand::announce);
    }
    return 0;
  }

  /** Prints that the node is ready, and its address; other programs wait for this line. */
  static void announce(RunningNode house) {
    System.out.println(
        "glimt is ready" + house.address().map(URI::toString).map(at -> " at " + at).orElse(""));
  }

  private DatabaseAddress database() {
    return Optional.ofNullable(jdbcUrl)
        .or(() -> Environment.word("GLIMT_JDBC_URL"))
        .map(url -> Up.database(command, url))
        .orElseThrow(
            () ->
                bad(
                    "--jdbc-url or GLIMT_JDBC_URL must name the farm's database, as"
                        + " jdbc:postgresql://HOST/NAME"));
  }

  private EnumSet<NodeRole> roles() {
    EnumSet<NodeRole> chosen = EnumSet.noneOf(NodeRole.class);
    for (String word : roles) {
      NodeRole role =
          Stream.of(NodeRole.values())
              .filter(one -> one.word().equals(word.strip().toLowerCase(Locale.ROOT)))
              .findFirst()
              .orElseThrow(
                  () ->
                      bad(
                          "there is no role '%s'; the roles are coordinator, gateway and worker"
                              .formatted(word)));
      chosen.add(role);
    }
    return chosen;
  }

  private Gateway.Address http(EnumSet<NodeRole> roles) {
    if (!roles.contains(NodeRole.GATEWAY)) {
      return new Gateway.Address(Gateway.Address.LOOPBACK, 0);
    }
    try {
      return new Gateway.Address(
          httpHost, httpPort, key(), publicUrl.urls(), proxies, publicUrl.requireKey());
    } catch (IllegalArgumentException e) {
      throw bad(e.getMessage() + "; see --key-file, --require-key, --public-url and --trust-proxy");
    }
  }

  private Optional<String> key() {
    if (keyFile == null) {
      // One of the ledger's is what the commands send; it has its own scopes and can be revoked.
      return Environment.word(Client.KEY).filter(key -> ApiKeys.idOf(key).isEmpty());
    }
    try {
      return Optional.of(Files.readString(keyFile).strip());
    } catch (IOException e) {
      throw bad("--key-file: %s does not exist or cannot be read".formatted(keyFile));
    }
  }

  private Place place() {
    Optional<Path> shown =
        Optional.ofNullable(tls).or(() -> Environment.word("GLIMT_TLS").map(Path::of));
    for (String file : List.of("node.key", "node.crt", "ca.crt")) {
      Optional<Path> missing =
          shown.map(folder -> folder.resolve(file)).filter(path -> !Files.isReadable(path));
      if (missing.isPresent()) {
        throw bad("--tls: %s does not exist or cannot be read".formatted(missing.get()));
      }
    }
    try {
      return new Place(host, port, shown.map(Path::toAbsolutePath));
    } catch (IllegalArgumentException e) {
      throw bad(e.getMessage() + "; see --tls");
    }
  }

  private static String anyName(EnumSet<NodeRole> roles) {
    return roles.iterator().next().word() + "-" + UUID.randomUUID().toString().substring(0, 6);
  }

  private void within(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw bad("%s must be %s to %s, not %s".formatted(option, least, most, value));
    }
  }

  private ParameterException bad(String why) {
    return new ParameterException(command.commandLine(), why);
  }
}
