package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code glimt usage}: a line for each tenant, job, day or worker, in device-seconds. */
@Command(
    name = "usage",
    description = {
      "Shows where the seconds of the devices went.",
      "useful: they are in a result, or in a checkpoint that goes on; preempted: in "
          + "vain because a task was handed back; lost: in vain for another reason. Of a "
          + "worker: its life is the sum of busy, idle and other."
    })
public final class ShowUsage implements Callable<Integer> {
  private static final List<String> USE =
      List.of("attempts", "seconds", "useful", "preempted", "lost");
  private static final List<String> TIMINGS =
      List.of("load", "encode", "denoise", "decode", "write", "checkpoint", "waiting", "unknown");
  private static final List<String> LIFE = List.of("life", "busy", "idle", "other", "unaccounted");

  @Option(
      names = "--by",
      defaultValue = "tenant",
      description = "tenant, job, day or worker. Default: ${DEFAULT-VALUE}")
  private String by;

  @Option(
      names = "--from",
      paramLabel = "DAY",
      description = "First day in UTC, such as 2026-01-31. Default: 30 days before the last")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "DAY", description = "Last day in UTC. Default: today")
  private @Nullable String to;

  @Mixin private HomeOption home;

  @Override
  public Integer call() throws IOException {
    Client farm = RunningFarm.on(home.open());
    boolean workers = by.equals("worker");
    String path = workers ? "/v1/usage/workers?" : "/v1/usage?" + parameter("by", by);
    try {
      JsonNode rows =
          farm.get(path + parameter("from", from) + parameter("to", to))
              .path(workers ? "workers" : "usage");
      List<String> columns = new ArrayList<>(workers ? LIFE : USE);
      if (!workers) {
        columns.addAll(TIMINGS);
      }
      print(by, columns, column -> column);
      for (JsonNode row : rows) {
        print(
            row.path(by).asText(),
            columns,
            column ->
                figure(
                    TIMINGS.contains(column)
                        ? row.path("timings").path(column)
                        : row.path(column)));
      }
      return 0;
    } catch (Client.Refused e) {
      throw new DeployException(e);
    }
  }

  private static void print(String name, List<String> columns, UnaryOperator<String> cell) {
    StringBuilder line = new StringBuilder("%-36s".formatted(name));
    columns.forEach(column -> line.append(" %10s".formatted(cell.apply(column))));
    System.out.println(line);
  }

  private static String figure(JsonNode value) {
    return value.isIntegralNumber()
        ? value.asText()
        : String.format(Locale.ROOT, "%.3f", value.asDouble());
  }

  private static String parameter(String name, @Nullable String text) {
    return text == null
        ? ""
        : "%s=%s&".formatted(name, URLEncoder.encode(text, StandardCharsets.UTF_8));
  }
}
