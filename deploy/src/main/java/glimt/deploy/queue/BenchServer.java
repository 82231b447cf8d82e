package glimt.deploy.queue;

import glimt.deploy.node.AtExit;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A PostgreSQL for a measurement, in a new folder of a home. When it is closed, or the process is
 * stopped, the server ends and the folder is deleted.
 */
final class BenchServer implements AutoCloseable {
  private final AtExit exit = new AtExit();
  private final EmbeddedPostgres postgres;

  BenchServer(Home at) {
    try {
      Path place = exit.open(() -> folder(at), BenchServer::delete);
      this.postgres =
          exit.open(() -> EmbeddedPostgres.start(place, at.database().resolve("postgres")));
    } catch (RuntimeException e) {
      exit.close();
      throw e;
    }
  }

  EmbeddedPostgres postgres() {
    return postgres;
  }

  private static Path folder(Home at) {
    try {
      return Files.createTempDirectory(at.folder(), "bench");
    } catch (IOException e) {
      throw new DeployException("cannot make a folder in " + at.folder(), e);
    }
  }

  private static void delete(Path folder) {
    try {
      QueueBench.delete(folder);
    } catch (IOException e) {
      throw new DeployException("cannot delete " + folder, e);
    }
  }

  @Override
  public void close() {
    exit.close();
  }
}
