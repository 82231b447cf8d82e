package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Visible;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code glimt key}: makes, lists and revokes the keys of the farm's API. */
@Command(
    name = "key",
    description = "Makes, lists and revokes keys of the farm's API.",
    subcommands = {KeyCommand.Create.class, KeyCommand.ListKeys.class, KeyCommand.Revoke.class})
public final class KeyCommand implements Runnable {
  @Spec private CommandSpec command;

  /** Without a subcommand there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(command.commandLine(), "say what to do: create, list or revoke");
  }

  /** {@code glimt key create}. */
  @Command(name = "create", description = "Makes a key and prints it; it cannot be read again.")
  static final class Create implements Callable<Integer> {
    @Option(
        names = "--tenant",
        paramLabel = "NAME",
        defaultValue = "default",
        description = "Tenant whose jobs the key sees. Default: default")
    private String tenant;

    @Option(
        names = "--scopes",
        split = ",",
        paramLabel = "SCOPE",
        defaultValue = "submit,read",
        description =
            "What it allows: submit (making and changing jobs), read (jobs and their "
                + "files), admin (everything, of every tenant). Default: submit,read")
    private List<String> scopes = List.of();

    @Option(
        names = "--rate",
        paramLabel = "N",
        description = "Requests a second that it may send to a gateway. Default: any number")
    private @Nullable Double rate;

    @Option(
        names = "--label",
        paramLabel = "TEXT",
        defaultValue = "",
        description = "What it is for, shown in lists.")
    private String label;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      ObjectNode asked =
          Client.object().put("tenant", tenant).put("rate", rate).put("label", label);
      scopes.forEach(asked.putArray("scopes")::add);
      return asking(
          home,
          farm -> {
            JsonNode made = farm.post("/v1/keys", asked);
            System.out.println(made.path("key").asText());
          });
    }
  }

  /** {@code glimt key list}. */
  @Command(name = "list", description = "Lists all keys, without their secrets.")
  static final class ListKeys implements Callable<Integer> {
    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      return asking(
          home,
          farm -> farm.get("/v1/keys").path("keys").forEach(key -> System.out.println(line(key))));
    }
  }

  /** {@code glimt key revoke}. */
  @Command(name = "revoke", description = "Revokes a key; within 5 s no gateway admits it.")
  static final class Revoke implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "Id of the key, as `glimt key list` shows it.")
    private String id;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      String path = "/v1/keys/" + URLEncoder.encode(id, StandardCharsets.UTF_8);
      return asking(
          home, farm -> System.out.println(line(farm.send("DELETE", path, Client.object()))));
    }
  }

  /** Asks a farm something. */
  interface Asking {
    void of(Client farm) throws IOException;
  }

  /** Asks the farm that runs on a home. */
  static int asking(HomeOption home, Asking asking) throws IOException {
    try {
      asking.of(RunningFarm.on(home.open()));
      return 0;
    } catch (Client.Refused e) {
      throw new DeployException(e);
    }
  }

  private static String line(JsonNode key) {
    List<String> scopes = new ArrayList<>();
    key.path("scopes").forEach(scope -> scopes.add(scope.asText()));
    return "%s  %-16s %-18s %-16s %s  %s"
        .formatted(
            key.path("id").asText(),
            key.path("tenant").asText(),
            String.join(",", scopes),
            key.path("rate").isNull() ? "any rate" : key.path("rate").asText() + " a second",
            key.path("revoked").isNull() ? "since " + key.path("created").asText() : "revoked",
            Visible.of(key.path("label").asText()))
        .stripTrailing();
  }
}
