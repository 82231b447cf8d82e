package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Commands that change a job while it waits or runs, and print its state, class and pause. */
public sealed interface ChangeJob extends Callable<Integer> {
  /** {@code glimt pause}. */
  @Command(
      name = "pause",
      description = "Pauses a job after its current steps; it keeps what it has done.")
  final class Pause implements ChangeJob {
    @Mixin private ChosenJob job;

    @Override
    public Integer call() throws IOException {
      return job.change("paused", "true");
    }
  }

  /** {@code glimt resume}. */
  @Command(name = "resume", description = "Lets a paused job go on from where it was.")
  final class Resume implements ChangeJob {
    @Mixin private ChosenJob job;

    @Override
    public Integer call() throws IOException {
      return job.change("paused", "false");
    }
  }

  /** {@code glimt class}. */
  @Command(
      name = "class",
      description = "Changes how much a job is in a hurry: urgent, normal or bulk.")
  final class Reclassify implements ChangeJob {
    @Mixin private ChosenJob job;

    @Parameters(index = "1", paramLabel = "CLASS", description = "urgent, normal or bulk.")
    private String urgency;

    @Override
    public Integer call() throws IOException {
      return job.change("class", urgency);
    }
  }

  /** {@code glimt deadline}. */
  @Command(
      name = "deadline",
      description = "Sets when a job has to end; the newest whole level is its result then.")
  final class Limit implements ChangeJob {
    @Mixin private ChosenJob job;

    @Parameters(
        index = "1",
        paramLabel = "TIME",
        description = "With the zone, such as 2030-01-31T18:00:00+01:00, or none.")
    private String deadline;

    @Override
    public Integer call() throws IOException {
      return job.change("deadline", deadline);
    }
  }

  /** {@code glimt stop}. */
  @Command(
      name = "stop",
      description = "Stops a job; its newest finished level is its result, and is kept.")
  final class Stop implements ChangeJob {
    @Mixin private ChosenJob job;

    @Override
    public Integer call() throws IOException {
      try {
        JsonNode stopped = job.farm().post(job.path() + "/stop");
        System.out.println(
            "%s at %s"
                .formatted(stopped.path("state").asText(), stopped.path("endedAtLevel").asText()));
        return 0;
      } catch (Client.Refused e) {
        throw new DeployException(e);
      }
    }
  }

  /** The job that a command is about, and the farm that has it. */
  final class ChosenJob {
    @Parameters(
        index = "0",
        paramLabel = "ID",
        description = "Id of the job, as `glimt jobs` lists it.")
    private String id;

    @Mixin private HomeOption home;

    Client farm() throws IOException {
      return RunningFarm.on(home.open());
    }

    String path() {
      if (!id.matches("[0-9a-f-]{36}")) {
        throw new DeployException(
            "%s is not the id of a job; `glimt jobs` lists the ids".formatted(id));
      }
      return "/v1/jobs/" + id;
    }

    private int change(String field, String value) throws IOException {
      var body = Client.object();
      if (field.equals("paused")) {
        body.put(field, Boolean.parseBoolean(value));
      } else if (field.equals("deadline") && value.equals("none")) {
        body.putNull(field);
      } else {
        body.put(field, value);
      }
      try {
        JsonNode job = farm().send("PATCH", path(), body);
        System.out.println(
            "%s %s%s"
                .formatted(
                    job.path("state").asText(),
                    job.path("class").asText(),
                    job.path("paused").isNull() ? "" : " paused"));
        return 0;
      } catch (Client.Refused e) {
        throw new DeployException(e);
      }
    }
  }
}
