package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Visible;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code glimt models}: a line for each bundle. */
@Command(
    name = "models",
    description = {
      "Lists the models of the farm that runs on the home.",
      "A model is here if a worker has loaded it, coming if its workers are still starting, and",
      "gone if no node offers it any more."
    })
public final class ListModels implements Callable<Integer> {
  @Mixin private HomeOption home;

  @Override
  public Integer call() throws IOException {
    for (JsonNode model : RunningFarm.on(home.open()).get("/v1/models").path("models")) {
      System.out.printf(
          "%-16s %-7s %-7s %s%n",
          Visible.of(model.path("name").asText()),
          model.path("kind").asText(),
          model.path("standing").asText(),
          Visible.of(model.path("summary").asText()));
      for (JsonNode lora : model.path("loras")) {
        System.out.printf("%-16s --lora %s%n", "", Visible.of(lora.path("name").asText()));
      }
    }
    return 0;
  }
}
