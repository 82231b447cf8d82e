package glimt.deploy.node;

import glimt.job.WorkerId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of a worker: the child process of a node that works on one device. */
final class WorkerChild {
  private static final String HEAP = "-Xmx512m";

  private WorkerChild() {}

  /** How a farm starts one: as this JVM was started, with a heap and a libtorch of its own size. */
  static ProcessBuilder process(
      RunningNode.NodeSettings settings, String farm, int slot, WorkerId id) {
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
        new ProcessBuilder(Program.command(HEAP, arguments))
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
