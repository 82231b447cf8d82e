package glimt.gateway;

import glimt.artifact.ArtifactFolder;
import glimt.coordinator.Node;
import glimt.job.ArtifactId;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.Tasks;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A gateway in a process of its own, for tests to kill. It prints its address, and sends webhooks
 * to this machine.
 *
 * @param uri where it listens
 */
record GatewayProcess(Process process, URI uri) implements AutoCloseable {
  static final ArtifactId CLIPS = RealFarm.digest('a');

  static GatewayProcess start(String database, String user, String password, Path home)
      throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                GatewayProcess.class.getName(),
                database,
                user,
                password,
                home.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out = process.inputReader();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith("http://")) {
        return new GatewayProcess(process, URI.create(line));
      }
    }
    throw new IOException("the gateway did not start");
  }

  /** Kills it as {@code kill -9} does, and waits until it is gone. */
  void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  @Override
  public void close() {
    kill();
  }

  /** The process: a database's URL, user and password, and a folder. */
  public static void main(String[] arguments) throws InterruptedException {
    Database database = Database.open(arguments[0], arguments[1], arguments[2]);
    Bundles bundles = new Bundles(database);
    bundles.offer(CLIPS, RealFarm.clips());
    Node node = Node.found(Set.of(Node.NodeRole.GATEWAY));
    Gateway gateway =
        new Gateway(
            new Gateway.Address("127.0.0.1", 0).reaching(WebhookReach.with(List.of("127.0.0.0/8"))),
            RealFarm.parts(
                database,
                new Jobs(database),
                new Tasks(database, LeaseTerms.USUAL),
                bundles,
                new ArtifactFolder(Path.of(arguments[3])),
                node.farm()),
            RealFarm.QUICK);
    System.out.println(gateway.start());
    Thread.currentThread().join();
  }
}
