package glimt.deploy.queue;

import glimt.deploy.node.DeployException;
import glimt.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * PostgreSQL's own benchmark, as a measure of the server: {@code pgbench -N -M prepared}, where
 * each transaction is an update, a select and an insert.
 *
 * @param program the executable
 * @param server the server to measure
 */
public record Pgbench(Path program, EmbeddedPostgres server) {
  private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
  private static final Pattern TPS = Pattern.compile("(?m)^tps = ([0-9.]+)");

  /** A million rows, enough for connections to rarely contend for one. */
  private static final int SCALE = 10;

  /** The executable on the PATH, or the newest in the folders where Debian installs it. */
  public static Optional<Path> find() {
    Stream<Path> onPath =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(":")).map(Path::of);
    return Stream.concat(onPath, debian())
        .map(folder -> folder.resolve("pgbench"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Stream<Path> debian() {
    try (Stream<Path> versions = Files.list(DEBIAN)) {
      return versions.sorted().toList().reversed().stream().map(version -> version.resolve("bin"));
    } catch (IOException _) {
      return Stream.of();
    }
  }

  /** Creates and fills its tables. */
  public void prepare() {
    run(List.of("-i", "-q", "-s", "" + SCALE));
  }

  /** Transactions per second. */
  public double tps(int connections, int seconds) {
    int threads = Math.min(connections, Runtime.getRuntime().availableProcessors());
    String said =
        run(
            List.of(
                "-n",
                "-N",
                "-M",
                "prepared",
                "-c",
                "" + connections,
                "-j",
                "" + threads,
                "-T",
                "" + seconds));
    Matcher tps = TPS.matcher(said);
    if (!tps.find()) {
      throw new DeployException("pgbench printed no figure: " + said.strip());
    }
    return Double.parseDouble(tps.group(1));
  }

  private String run(List<String> arguments) {
    URI place = URI.create(server.url().substring("jdbc:".length()));
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(arguments);
    command.addAll(List.of("-h", place.getHost(), "-p", "" + place.getPort()));
    command.addAll(List.of("-U", server.user(), place.getPath().substring(1)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PGPASSWORD", server.password());
    try {
      Process process = builder.start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new DeployException("pgbench failed: " + said.strip());
      }
      return said;
    } catch (IOException e) {
      throw new DeployException("%s could not be run".formatted(program), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("interrupted", e);
    }
  }
}
