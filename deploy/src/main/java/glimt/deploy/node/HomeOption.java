package glimt.deploy.node;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** {@code --home}, on every command. */
public final class HomeOption {
  @Option(
      names = "--home",
      paramLabel = "DIR",
      defaultValue = "${env:GLIMT_HOME:-${sys:user.home}/.glimt}",
      description = {
        "Where everything is kept: database, artifacts, logs.",
        "Default: GLIMT_HOME, else ~/.glimt"
      })
  private Path path;

  public Home open() {
    return Home.open(path);
  }
}
