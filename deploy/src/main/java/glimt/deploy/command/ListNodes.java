package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.HomeOption;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code glimt nodes}: a line for each node. */
@Command(name = "nodes", description = "Lists the nodes of the farm that runs on the home.")
public final class ListNodes implements Callable<Integer> {
  @Mixin private HomeOption home;

  @Override
  public Integer call() throws IOException {
    for (JsonNode node : RunningFarm.on(home.open()).get("/v1/nodes").path("nodes")) {
      List<String> roles = new ArrayList<>();
      node.path("roles").forEach(role -> roles.add(role.asText()));
      System.out.println(
          "%-18s %-28s %-8s %-6s %s %s"
              .formatted(
                  node.path("name").asText(),
                  String.join(",", roles),
                  node.path("pid").asText(),
                  node.path("lives").asBoolean() ? "lives" : "silent",
                  node.path("started").asText(),
                  node.path("http").asText(""))
              .strip());
    }
    return 0;
  }
}
