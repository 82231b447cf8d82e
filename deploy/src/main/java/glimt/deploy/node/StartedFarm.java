package glimt.deploy.node;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A farm that a command started as a process of its own, to measure it.
 *
 * @param process {@code glimt up}, which is also its gateway and coordinator
 * @param seconds from the start of the process until it accepted jobs
 */
public record StartedFarm(Process process, Client client, double seconds) implements AutoCloseable {
  private static final String READY = "glimt is ready at ";

  /**
   * Starts a farm on any free port, and waits until it accepts jobs.
   *
   * @param options further options of {@code glimt up}
   * @throws DeployException if it does not start
   */
  public static StartedFarm on(Path home, List<String> options) throws IOException {
    long begin = System.nanoTime();
    List<String> command =
        new ArrayList<>(List.of(launcher(), "up", "--home", home.toString(), "--port", "0"));
    command.addAll(options);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader out = process.inputReader();
    String line = out.readLine();
    if (line == null || !line.startsWith(READY)) {
      throw new DeployException("the farm did not start; its messages are above");
    }
    return new StartedFarm(
        process,
        new Client(URI.create(line.substring(READY.length()))),
        (System.nanoTime() - begin) / 1e9);
  }

  /** The program that starts {@code glimt}. */
  public static String launcher() {
    return System.getProperty("glimt.launcher", "glimt");
  }

  /** Stops it, and waits until it has ended. */
  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
