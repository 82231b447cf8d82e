package glimt.deploy.chaos;

import glimt.deploy.node.DeployException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * A network of our own, which ends with the last process in it: nothing in it but loopback, whose
 * many addresses are the nodes'. What one may not say to another is a rule of its routes. Needs
 * root.
 */
final class Namespace {
  private static final String MARK = "GLIMT_CHAOS_NAMESPACE";

  /** Its own addresses are looked up first of all; from here on, after the rules that cut. */
  private static final String BEGIN =
      "ip link set lo up && ip rule add pref 100 lookup local && ip rule del pref 0";

  private static final String CUT = "10";

  private Namespace() {}

  /** Root alone does not say: a container may hold it back. */
  static boolean isPossible() {
    return Shell.succeeds(List.of("unshare", "--net", "sh", "-c", BEGIN));
  }

  /** Whether this process is in one. */
  static boolean isHere() {
    return System.getenv(MARK) != null;
  }

  /**
   * Runs a program in a new one, with our own input and output.
   *
   * @return its exit code
   */
  static int run(List<String> program) {
    List<String> command =
        new ArrayList<>(List.of("unshare", "--net", "sh", "-c", BEGIN + "; exec \"$@\"", "sh"));
    command.addAll(program);
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().putAll(Map.of(MARK, "yes"));
    try {
      Process process = builder.start();
      // Told to stop, it has a farm to take down.
      Thread hook = Thread.ofPlatform().unstarted(() -> stop(process));
      Runtime.getRuntime().addShutdownHook(hook);
      return process.waitFor();
    } catch (IOException e) {
      throw new DeployException("unshare cannot be run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("interrupted", e);
    }
  }

  private static void stop(Process process) {
    process.destroy();
    process.onExit().join();
  }

  /** From now on nothing that {@code from} says comes to any of the others. */
  static void cut(String from, Collection<String> to) {
    to.forEach(
        other ->
            Shell.run(
                List.of("ip", "rule", "add", "pref", CUT, "blackhole", "from", from, "to", other)));
  }

  /** Everybody hears everybody again. */
  static void heal() {
    Shell.run(List.of("ip", "rule", "flush", "pref", CUT));
  }
}
