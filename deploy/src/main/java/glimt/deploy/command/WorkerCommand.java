package glimt.deploy.command;

import glimt.artifact.ArtifactFolder;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.node.WorkerOptions;
import glimt.job.WorkerId;
import glimt.worker.DeviceSlot;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The hidden command of a worker's process, which a node starts. */
@Command(name = "worker", hidden = true, description = "Works for a farm; started by it.")
public final class WorkerCommand implements Callable<Integer> {
  @Option(names = "--farm", required = true)
  private String farm;

  @Option(names = "--id", required = true)
  private String id;

  @Option(names = "--slot", required = true)
  private int slot;

  @Option(names = "--artifacts", required = true)
  private Path artifacts;

  @Option(names = "--log", required = true)
  private Path log;

  @Option(names = "--models")
  private @Nullable Path models;

  @Mixin private WorkerOptions options;

  @Mixin private HomeOption home;

  @Override
  public Integer call() {
    Home at = home.open();
    Logs.to(log);
    DeviceSlot.work(
        farm,
        new WorkerId(id),
        options.settings(slot, artifacts),
        at.bundles(Optional.ofNullable(models)),
        new ArtifactFolder(artifacts),
        at.cache());
    return 0;
  }
}
