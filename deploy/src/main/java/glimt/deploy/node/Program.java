package glimt.deploy.node;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The version of this program, and the command line that starts it as another process. */
public final class Program {
  /** By name, because this package must not depend on the commands. */
  private static final String MAIN = "glimt.deploy.Glimt";

  /** The JVM options that each process has of its own. */
  private static final List<String> OWN = List.of("-Xmx", "-Xmn", "-XX:TieredStopAtLevel");

  private Program() {}

  /**
   * The command line for another process of this program, with the JVM options of this process
   * except for the heap and the compilers.
   *
   * @param heap the JVM options for the heap, such as {@code -Xmx64m}
   * @param arguments the program's arguments
   */
  public static List<String> command(List<String> heap, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> OWN.stream().noneMatch(option::startsWith))
        .forEach(command::add);
    command.addAll(heap);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
    command.addAll(arguments);
    return command;
  }

  /** The version of this build. */
  public static String version() {
    String version = Program.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }
}
