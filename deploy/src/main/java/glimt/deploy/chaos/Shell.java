package glimt.deploy.chaos;

import glimt.deploy.node.DeployException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The programs of the system that faults are made with. */
final class Shell {
  private static final int LIMIT_SECONDS = 30;

  private Shell() {}

  /** Whether it can be run here, and does what it should. */
  static boolean succeeds(List<String> command) {
    try {
      run(command);
      return true;
    } catch (DeployException e) {
      return false;
    }
  }

  /**
   * @throws DeployException with what it said, if it failed
   */
  static String run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new DeployException("%s takes too long".formatted(String.join(" ", command)));
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
