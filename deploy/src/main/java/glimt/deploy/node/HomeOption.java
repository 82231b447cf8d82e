package glimt.deploy.node;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --home}, on every command. */
public final class HomeOption {
  @Option(
      names = "--home",
      paramLabel = "DIR",
      description = {
        "Where everything is kept: database, artifacts, logs.",
        "Default: GLIMT_HOME, else ~/.glimt"
      })
  private @Nullable Path path;

  public Home open() {
    return Home.open(
        path != null
            ? path
            : Environment.word("GLIMT_HOME")
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".glimt")));
  }
}
