package glimt.deploy.node;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --home}, which every command has. */
public final class HomeOption {
  @Option(
      names = "--home",
      paramLabel = "DIR",
      description =
          "Folder that holds everything: database, artifacts, logs. "
              + "Default: GLIMT_HOME, else ~/.glimt")
  private @Nullable Path path;

  /**
   * Opens the home, and creates it if it does not exist.
   *
   * @throws DeployException if it cannot be created or written
   */
  public Home open() {
    return Home.open(
        path != null
            ? path
            : Environment.word("GLIMT_HOME")
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".glimt")));
  }
}
