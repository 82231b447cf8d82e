package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Visible;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code glimt webhook}: the secret of webhooks, and what was sent to them. */
@Command(
    name = "webhook",
    description = "Shows the secret of webhooks, and what was sent to them.",
    subcommands = {
      WebhookCommand.Secret.class,
      WebhookCommand.Deliveries.class,
      WebhookCommand.Replay.class
    })
public final class WebhookCommand implements Runnable {
  @Spec private CommandSpec command;

  /** Without a subcommand there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(
        command.commandLine(), "say what to do: secret, deliveries or replay");
  }

  /** {@code glimt webhook secret}. */
  @Command(
      name = "secret",
      description = "Prints the secret by which receivers verify what a tenant's webhooks send.")
  static final class Secret implements Callable<Integer> {
    @Option(
        names = "--rotate",
        description = "Make a new one; the one before signs too for 24 hours.")
    private boolean rotate;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      String path = "/v1/webhooks/default/secret";
      return KeyCommand.asking(
          home,
          farm ->
              System.out.println((rotate ? farm.post(path) : farm.get(path)).path("key").asText()));
    }
  }

  /** {@code glimt webhook deliveries}. */
  @Command(name = "deliveries", description = "Lists what was sent to the webhook of a job.")
  static final class Deliveries implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    private String job;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      return KeyCommand.asking(
          home,
          farm ->
              farm.get("/v1/jobs/%s/webhook".formatted(job))
                  .path("deliveries")
                  .forEach(delivery -> System.out.println(line(delivery))));
    }
  }

  /** {@code glimt webhook replay}. */
  @Command(name = "replay", description = "Sends an event of a job to its webhook once more.")
  static final class Replay implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    private String job;

    @Parameters(
        paramLabel = "EVENT",
        description = "Number of the event, as `glimt webhook deliveries` shows it.")
    private long seq;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      return KeyCommand.asking(
          home,
          farm ->
              System.out.println(
                  line(farm.post("/v1/jobs/%s/webhook/%s/replay".formatted(job, seq)))));
    }
  }

  private static String line(JsonNode delivery) {
    return "event %s  %-9s  attempts %s%s%s"
        .formatted(
            delivery.path("seq").asText(),
            delivery.path("state").asText(),
            delivery.path("attempts").asText(),
            delivery.path("due").isNull() ? "" : "  due " + delivery.path("due").asText(),
            delivery.path("failure").isNull()
                ? ""
                : "  " + Visible.of(delivery.path("failure").asText()));
  }
}
