package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.deploy.node.Client;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A process of {@code deploy/glimt}, as a user starts it. It is started with default signal
 * handling, however this build was started: {@code nohup} and a shell's {@code &} ignore signals,
 * child processes inherit that, and a JVM respects it.
 */
final class Launched implements AutoCloseable {
  private static final Path LAUNCHER = Path.of("glimt").toAbsolutePath();
  private static final String READY = "glimt is ready at ";

  /** A loaded machine takes minutes to start a dozen JVMs. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Process process;
  private final Path out;
  private final Path err;

  private Launched(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  static Launched glimt(String... arguments) {
    return glimt(Map.of(), Path.of(System.getProperty("java.io.tmpdir")), arguments);
  }

  /**
   * @param environment further environment variables
   * @param folder the working directory
   */
  static Launched glimt(Map<String, String> environment, Path folder, String... arguments) {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal", LAUNCHER.toString()));
    command.addAll(List.of(arguments));
    try {
      Path out = Files.createTempFile("glimt", ".out");
      Path err = Files.createTempFile("glimt", ".err");
      out.toFile().deleteOnExit();
      err.toFile().deleteOnExit();
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().putAll(environment);
      return new Launched(builder.start(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException("starting " + command, e);
    }
  }

  /** Starts a farm, and returns when it is ready. */
  static Launched up(Path home, String... arguments) {
    return up(Map.of(), home, arguments);
  }

  static Launched up(Map<String, String> environment, Path home, String... arguments) {
    List<String> all = new ArrayList<>(List.of("up", "--home", home.toString(), "--port", "0"));
    all.addAll(List.of(arguments));
    Launched farm =
        glimt(
            environment, Path.of(System.getProperty("java.io.tmpdir")), all.toArray(String[]::new));
    eventually(farm::state, state -> state.startsWith(READY));
    return farm;
  }

  /** A client of this farm. */
  Client client() {
    return new Client(java.net.URI.create(out().strip().substring(READY.length())));
  }

  String out() {
    return text(out);
  }

  String err() {
    return text(err);
  }

  long pid() {
    return process.pid();
  }

  /** Waits until it has ended, and returns its exit code. */
  int exit() {
    return exit(PATIENCE);
  }

  int exit(Duration within) {
    try {
      assertThat(process.waitFor(within.toSeconds(), TimeUnit.SECONDS))
          .as("has ended: %s", err())
          .isTrue();
      return process.exitValue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  void terminate() {
    process.destroy();
  }

  /** Kills it with SIGKILL. */
  void kill() {
    process.destroyForcibly();
    exit();
  }

  /** All processes whose command line contains a folder, and their descendants. */
  static List<ProcessHandle> processesOf(Path home) {
    return ProcessHandle.allProcesses()
        .filter(process -> commandLine(process.pid()).contains(home.toString()))
        .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
        .filter(ProcessHandle::isAlive)
        .distinct()
        .toList();
  }

  /** Stops it cleanly, or kills it if it does not stop within a minute. */
  @Override
  public void close() {
    terminate();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits some minutes for a condition; fails with the last value if it is never met. */
  static <T> T eventually(Supplier<T> look, Predicate<T> isSo) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    T seen = look.get();
    while (!isSo.test(seen)) {
      assertThat(System.nanoTime()).as("gave up; last seen: %s", seen).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
      seen = look.get();
    }
    return seen;
  }

  private String state() {
    assertThat(process.isAlive()).as("runs: %s", err()).isTrue();
    return out();
  }

  private static String commandLine(long pid) {
    try {
      return new String(
          Files.readAllBytes(Path.of("/proc", Long.toString(pid), "cmdline")),
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
