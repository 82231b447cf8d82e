package glimt.deploy.node;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program: which build it is, and how it starts itself again as another process. */
public final class Program {
  /** By name, since the commands know the nodes and not the other way round. */
  private static final String MAIN = "glimt.deploy.Glimt";

  private Program() {}

  /**
   * This program once more: as this JVM was started, with a heap of its own size.
   *
   * @param heap such as {@code -Xmx64m}
   */
  public static List<String> command(String heap, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-Xmx") && !argument.startsWith("-XX:AOT"))
        .forEach(command::add);
    command.addAll(List.of(heap, "-cp", System.getProperty("java.class.path"), MAIN));
    command.addAll(arguments);
    return command;
  }

  /** Which glimt this is. */
  public static String version() {
    String version = Program.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }
}
