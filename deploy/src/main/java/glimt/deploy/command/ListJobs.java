package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Visible;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code glimt jobs}: a line for each of the newest jobs. */
@Command(name = "jobs", description = "Lists the newest jobs of the farm that runs on the home.")
public final class ListJobs implements Callable<Integer> {
  @Mixin private HomeOption home;

  @Override
  public Integer call() throws IOException {
    for (JsonNode job : RunningFarm.on(home.open()).get("/v1/jobs").path("jobs")) {
      System.out.printf(
          Locale.ROOT,
          "%s  %-9s %3.0f %%  %s%n",
          job.path("id").asText(),
          job.path("state").asText(),
          100 * job.path("progress").asDouble(),
          Visible.of(job.path("prompt").asText()));
    }
    return 0;
  }
}
