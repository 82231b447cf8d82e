package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code glimt tenants}: lists the tenants, or adds or changes one. */
@Command(
    name = "tenants",
    description = "Lists the tenants of the farm; with NAME, adds or changes that one.")
public final class TenantCommand implements Callable<Integer> {
  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Tenant to add or change.")
  private @Nullable String name;

  @Option(
      names = "--weight",
      description = "Its share of the devices relative to the others, 0.001 to 1000; at first 1.")
  private @Nullable Double weight;

  @Option(
      names = "--jobs",
      description = "How many jobs it may have waiting and running; -1 for any number.")
  private @Nullable Integer jobs;

  @Option(
      names = "--day-seconds",
      description = "How many device-seconds it may be given a day (UTC); -1 for any number.")
  private @Nullable Double daySeconds;

  @Mixin private HomeOption home;

  @Override
  public Integer call() throws IOException {
    if (name == null && (weight != null || jobs != null || daySeconds != null)) {
      throw new DeployException("give the NAME of the tenant to change");
    }
    if (weight != null && !Double.isFinite(weight)) {
      throw new DeployException("--weight must be a number, not " + weight);
    }
    if (daySeconds != null && !Double.isFinite(daySeconds)) {
      throw new DeployException("--day-seconds must be a number, not " + daySeconds);
    }
    Client farm = RunningFarm.on(home.open());
    try {
      Iterable<JsonNode> tenants =
          name == null
              ? farm.get("/v1/tenants").path("tenants")
              : List.of(
                  farm.send(
                      "PUT",
                      "/v1/tenants/" + escaped(name),
                      Client.object()
                          .put("weight", weight)
                          .put("jobs", jobs)
                          .put("day_seconds", daySeconds)));
      for (JsonNode tenant : tenants) {
        System.out.println(
            "%-24s weight %s, %s open of %s, %s device-seconds a day"
                .formatted(
                    tenant.path("id").asText(),
                    tenant.path("weight").asText(),
                    tenant.path("open").asText(),
                    limit(tenant.path("jobs")),
                    limit(tenant.path("day_seconds"))));
      }
      return 0;
    } catch (Client.Refused e) {
      throw new DeployException(e);
    }
  }

  private static String limit(JsonNode most) {
    return most.isNull() ? "any number" : most.asText();
  }

  /** The farm names what is wrong with a name; here it only has to get there. */
  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
