package glimt.deploy.command;

import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code glimt cancel}: cancels a job and prints its state. */
@Command(name = "cancel", description = "Cancels a job of the farm that runs on the home.")
public final class CancelJob implements Callable<Integer> {
  @Parameters(paramLabel = "ID", description = "Id of the job, as `glimt jobs` lists it.")
  private String id;

  @Mixin private HomeOption home;

  @Override
  public Integer call() throws IOException {
    if (!id.matches("[0-9a-f-]{36}")) {
      throw new DeployException(
          "%s is not the id of a job; `glimt jobs` lists the ids".formatted(id));
    }
    try {
      System.out.println(
          RunningFarm.on(home.open()).post("/v1/jobs/" + id + "/cancel").path("state").asText());
      return 0;
    } catch (Client.Refused e) {
      throw new DeployException(e);
    }
  }
}
