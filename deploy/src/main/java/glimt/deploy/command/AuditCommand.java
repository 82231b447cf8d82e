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
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code glimt audit}: lists and verifies the farm's audit log. */
@Command(
    name = "audit",
    description = "Lists and verifies the log of who did what with jobs, keys, tenants and models.",
    subcommands = {
      AuditCommand.ListEntries.class,
      AuditCommand.Verify.class,
      AuditCommand.Prompts.class
    })
public final class AuditCommand implements Runnable {
  @Spec private CommandSpec command;

  /** Without a subcommand there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(command.commandLine(), "say what to do: list, verify or prompts");
  }

  /** {@code glimt audit list}. */
  @Command(
      name = "list",
      description = {
        "Lists entries, the oldest first.",
        "A line has the number in the chain (- until it is linked), time, tenant, who did "
            + "it, act, subject and detail. Who did it is the id of a key, operator (the farm's "
            + "own key), anyone (a farm without keys) or farm (its own processes). Prompts are "
            + "in it as HMACs, unless `glimt audit prompts plain` was said."
      })
  static final class ListEntries implements Callable<Integer> {
    @Option(
        names = "--subject",
        paramLabel = "ID",
        description = "Only entries about this job, key, tenant or model.")
    private @Nullable String subject;

    @Option(
        names = "--by",
        paramLabel = "ID",
        description = "Only what was done by this key, or by operator, anyone or farm.")
    private @Nullable String by;

    @Option(
        names = "--limit",
        paramLabel = "N",
        defaultValue = "100",
        description = "How many of the newest. Default: 100")
    private int limit;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      String path =
          "/v1/audit?limit=" + limit + parameter("subject", subject) + parameter("by", by);
      try {
        JsonNode entries = RunningFarm.on(home.open()).get(path).path("entries");
        for (int i = entries.size() - 1; i >= 0; i--) {
          System.out.println(line(entries.get(i)));
        }
        return 0;
      } catch (Client.Refused e) {
        throw new DeployException(e);
      }
    }

    private static String parameter(String name, @Nullable String value) {
      return value == null ? "" : "&" + name + "=" + encoded(value);
    }

    private static String line(JsonNode entry) {
      JsonNode detail = entry.path("detail");
      if (detail instanceof ObjectNode fields) {
        fields.remove("by");
      }
      return "%8s  %s  %-12s %-16s %-15s %s  %s"
          .formatted(
              entry.path("number").asText("-"),
              entry.path("at").asText(),
              Visible.of(entry.path("tenant").asText("-")),
              Visible.of(entry.path("by").asText("-")),
              entry.path("act").asText(),
              Visible.of(entry.path("subject").asText()),
              Visible.of(detail.toString()));
    }
  }

  /** {@code glimt audit verify}. */
  @Command(
      name = "verify",
      description = {
        "Computes the chain of hashes anew and tells whether an entry was changed, added "
            + "or removed.",
        "Prints the head of the chain: keep it elsewhere, and give it back with --kept, "
            + "to find out whether the whole log was replaced since. Exits with 0 if all is as "
            + "it was."
      })
  static final class Verify implements Callable<Integer> {
    @Option(
        names = "--kept",
        paramLabel = "HEAD",
        description = "A head that an earlier verification printed.")
    private @Nullable String kept;

    @Mixin private HomeOption home;

    @Override
    public Integer call() throws IOException {
      String path = "/v1/audit/verify";
      try {
        JsonNode verdict =
            RunningFarm.on(home.open())
                .post(kept == null ? path : path + "?kept=" + encoded(kept), Client.object());
        System.out.println(
            "entries: %s linked, %s waiting"
                .formatted(verdict.path("linked").asText(), verdict.path("waiting").asText()));
        System.out.println("head: " + verdict.path("head").asText());
        verdict
            .path("faults")
            .forEach(fault -> System.out.println("wrong: " + Visible.of(fault.asText())));
        boolean intact = verdict.path("intact").asBoolean();
        System.out.println(intact ? "intact" : "not intact");
        return intact ? 0 : 1;
      } catch (Client.Refused e) {
        throw new DeployException(e);
      }
    }
  }

  /** {@code glimt audit prompts}. */
  @Command(
      name = "prompts",
      description = {
        "Chooses how prompts are in entries from now on: as HMACs, as at first, or as they are.",
        "The log is never shortened, so plain prompts outlast their jobs."
      })
  static final class Prompts implements Callable<Integer> {
    @Parameters(paramLabel = "hashed|plain", description = "As HMACs, or as they are.")
    private String how;

    @Mixin private HomeOption home;

    @Spec private CommandSpec command;

    @Override
    public Integer call() throws IOException {
      if (!how.equals("hashed") && !how.equals("plain")) {
        throw new ParameterException(
            command.commandLine(), "prompts must be hashed or plain, not " + how);
      }
      try {
        RunningFarm.on(home.open())
            .send("PUT", "/v1/audit/prompts", Client.object().put("plain", how.equals("plain")));
        return 0;
      } catch (Client.Refused e) {
        throw new DeployException(e);
      }
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
