package glimt.deploy;

import glimt.job.WorkerId;
import glimt.storage.ArtifactFolder;
import glimt.worker.DeviceSlot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The child of a farm that works on one device. */
@Command(name = "worker", hidden = true, description = "Works for a farm; started by it.")
final class WorkerCommand implements Callable<Integer> {
  private static final String HEAP = "-Xmx512m";

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
        options.settings(slot),
        at.bundles(Optional.ofNullable(models)),
        new ArtifactFolder(artifacts),
        at.cache());
    return 0;
  }

  /** How a farm starts one: as this JVM was started, with a heap and a libtorch of its own size. */
  static ProcessBuilder process(House.Settings settings, String farm, int slot, WorkerId id) {
    String name = settings.log("worker-%s".formatted(slot));
    Path logs = settings.home().logs();
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "worker",
                "--home",
                settings.home().folder().toString(),
                "--artifacts",
                settings.artifacts().toString(),
                "--log",
                logs.resolve(name + ".log").toString(),
                "--farm",
                farm,
                "--slot",
                Integer.toString(slot),
                "--id",
                id.value()));
    settings.models().ifPresent(shelf -> arguments.addAll(List.of("--models", shelf.toString())));
    ProcessBuilder builder =
        new ProcessBuilder(Glimt.command(HEAP, arguments))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(logs.resolve(name + ".out").toFile()));
    builder.environment().putAll(settings.database().environment());
    builder.environment().putAll(settings.place().environment());
    builder.environment().putAll(settings.working());
    // glibc gives every thread a heap of its own, and libtorch's tensors leave holes in each.
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
    return builder;
  }
}
