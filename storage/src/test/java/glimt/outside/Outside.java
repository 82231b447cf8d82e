package glimt.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Finds and runs other people's programs, for tests. */
public final class Outside {
  private Outside() {}

  /**
   * Finds a program on this machine. Without it the test is skipped, but on a build server it
   * fails.
   */
  public static Path program(String name) {
    return Stream.concat(
            Stream.of(System.getenv("PATH").split(":", -1)), Stream.of("/usr/sbin", "/sbin"))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> missing("there is no " + name + " here"));
  }

  /** Skips this test, or fails it on a build server. */
  private static RuntimeException missing(String why) {
    if (Boolean.parseBoolean(System.getenv("CI"))) {
      throw new AssertionError(why);
    }
    System.out.println("skipped: " + why);
    Assumptions.abort(why);
    throw new IllegalStateException("unreachable");
  }

  /**
   * Installs npm packages into a folder, and copies a script of the test resources there.
   *
   * @param packages each as {@code name@version}, separated by blanks
   */
  public static void npm(Path folder, String packages, String script) throws Exception {
    program("node");
    Files.writeString(folder.resolve("package.json"), "{\"type\":\"module\",\"private\":true}");
    List<String> install = new ArrayList<>(List.of(program("npm").toString(), "install"));
    install.addAll(List.of("--no-audit", "--no-fund", "--ignore-scripts"));
    install.addAll(List.of(packages.split(" ")));
    List<String> said = run(folder, _ -> {}, install.toArray(String[]::new));
    if (!Files.isDirectory(folder.resolve("node_modules"))) {
      throw missing(packages + " could not be installed: " + said);
    }
    Files.copy(Path.of(Outside.class.getResource("/" + script).toURI()), folder.resolve(script));
  }

  /** Runs a script, which must print "all is well" at its end. */
  public static void script(Path folder, Consumer<String> hear, String... arguments)
      throws Exception {
    String[] command = new String[arguments.length + 1];
    command[0] = program("node").toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    List<String> said = run(folder, hear, command);
    assertThat(said).as(String.join("\n", said)).last().isEqualTo("all is well");
  }

  /** Runs a program to its end, and passes on each line of its output at once. */
  public static List<String> run(Path folder, Consumer<String> hear, String... command)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    List<String> said = new ArrayList<>();
    try (var out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        said.add(line);
        hear.accept(line);
      }
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(Arrays.toString(command)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return said;
  }
}
