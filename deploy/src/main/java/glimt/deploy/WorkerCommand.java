package glimt.deploy;

import glimt.job.WorkerId;
import glimt.storage.Artifacts;
import glimt.worker.DeviceSlot;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
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

  @Mixin private HomeOption home;

  @Override
  public Integer call() {
    Home at = home.open();
    Logs.to(at.logs().resolve("worker-%d.log".formatted(slot)));
    DeviceSlot.work(
        farm, new WorkerId(id), slot, at.bundles(), new Artifacts(at.artifacts()), at.cache());
    return 0;
  }

  /** How a farm starts one: as this JVM was started, with a heap and a libtorch of its own size. */
  static ProcessBuilder process(Home home, String farm, int slot, WorkerId id) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-Xmx") && !argument.startsWith("-XX:AOT"))
        .forEach(command::add);
    command.addAll(
        List.of(HEAP, "-cp", System.getProperty("java.class.path"), Glimt.class.getName()));
    command.addAll(
        List.of(
            "worker",
            "--home",
            home.folder().toString(),
            "--farm",
            farm,
            "--slot",
            Integer.toString(slot),
            "--id",
            id.value()));
    File words = home.logs().resolve("worker-%d.out".formatted(slot)).toFile();
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(words));
    // glibc gives every thread a heap of its own, and libtorch's tensors leave holes in each.
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
    return builder;
  }
}
