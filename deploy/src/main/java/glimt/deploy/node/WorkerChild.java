package glimt.deploy.node;

import glimt.job.WorkerId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of a worker, which runs as a child process of its node. */
final class WorkerChild {
  /**
   * Values of samples pass through the heap and hardly anything else, so new objects need little of
   * it; a JVM would give them a third of what it takes first, a 64th of the machine's memory.
   */
  private static final List<String> HEAP = List.of("-Xmx512m", "-Xmn32m");

  private WorkerChild() {}

  /**
   * The command of a worker's process.
   *
   * @param farm the cluster address of its node
   */
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
    // glibc gives each thread an arena, and libtorch's tensors fragment every one of them.
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
    return builder;
  }
}
