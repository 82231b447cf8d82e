package glimt.deploy.chaos;

import glimt.deploy.node.DeployException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * A network namespace with nothing but loopback, where each node has an address of its own. Routing
 * rules cut nodes off from each other. The namespace ends with its last process. Needs root.
 */
final class Namespace {
  private static final String MARK = "GLIMT_CHAOS_NAMESPACE";

  /** Gives the rule for local addresses a lower priority than the rules that cut nodes off. */
  private static final String BEGIN =
      "ip link set lo up && ip rule add pref 100 lookup local && ip rule del pref 0";

  private static final String CUT = "10";

  private Namespace() {}

  /** Whether this process may make one; in a container, root may not be enough. */
  static boolean isPossible() {
    return Shell.succeeds(List.of("unshare", "--net", "sh", "-c", BEGIN));
  }

  /** Whether this process runs in one. */
  static boolean isHere() {
    return System.getenv(MARK) != null;
  }

  /**
   * Runs a program in a new namespace, with the input and output of this process.
   *
   * @return the program's exit code
   */
  static int run(List<String> program) {
    List<String> command =
        new ArrayList<>(List.of("unshare", "--net", "sh", "-c", BEGIN + "; exec \"$@\"", "sh"));
    command.addAll(program);
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().putAll(Map.of(MARK, "yes"));
    try {
      Process process = builder.start();
      // When this process is stopped, the program must first stop its farm.
      Thread hook = Thread.ofPlatform().unstarted(() -> stop(process));
      Runtime.getRuntime().addShutdownHook(hook);
      return process.waitFor();
    } catch (IOException e) {
      throw new DeployException("cannot run unshare; on Debian it is in the package util-linux", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("interrupted", e);
    }
  }

  private static void stop(Process process) {
    process.destroy();
    process.onExit().join();
  }

  /** Drops all packets from one address to others from now on. */
  static void cut(String from, Collection<String> to) {
    to.forEach(
        other ->
            Shell.run(
                List.of("ip", "rule", "add", "pref", CUT, "blackhole", "from", from, "to", other)));
  }

  /** Undoes all cuts. */
  static void heal() {
    Shell.run(List.of("ip", "rule", "flush", "pref", CUT));
  }
}
