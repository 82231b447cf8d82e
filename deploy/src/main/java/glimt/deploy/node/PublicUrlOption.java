package glimt.deploy.node;

import java.net.URI;
import java.util.List;
import picocli.CommandLine.Option;

/** The options for a farm that a proxy serves: {@code --public-url}, {@code --require-key}. */
public final class PublicUrlOption {
  @Option(
      names = "--public-url",
      paramLabel = "URL",
      split = ",",
      description =
          "URL at which a proxy serves the farm, for example "
              + "https://farm.example/glimt/; may be repeated. Requests for that host "
              + "are then answered, and its pages may submit jobs.")
  private List<URI> urls = List.of();

  @Option(
      names = "--require-key",
      description =
          "Answer only requests with a key of `glimt key` also on loopback, where a "
              + "proxy may pass on those of other machines.")
  private boolean requireKey;

  /** Whether every request needs a key. */
  public boolean requireKey() {
    return requireKey;
  }

  /** The URLs, unchecked; empty if none is given. */
  public List<URI> urls() {
    return urls;
  }
}
