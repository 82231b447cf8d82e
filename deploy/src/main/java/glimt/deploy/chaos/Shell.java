package glimt.deploy.chaos;

import glimt.deploy.node.DeployException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs system programs that faults need. */
final class Shell {
  private static final int LIMIT_SECONDS = 30;

  private Shell() {}

  /** Whether a program can be run here and exits with 0. */
  static boolean succeeds(List<String> command) {
    try {
      run(command);
      return true;
    } catch (DeployException e) {
      return false;
    }
  }

  /**
   * Runs a program and returns its output.
   *
   * @throws DeployException with its output, if it fails or takes longer than 30 s
   */
  static String run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new DeployException(
            "%s takes longer than %s s".formatted(String.join(" ", command), LIMIT_SECONDS));
      }
      if (process.exitValue() != 0) {
        throw new DeployException(
            "%s failed: %s".formatted(String.join(" ", command), said.strip()));
      }
      return said;
    } catch (IOException e) {
      throw new DeployException("%s cannot be run".formatted(command.getFirst()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("interrupted", e);
    }
  }
}
