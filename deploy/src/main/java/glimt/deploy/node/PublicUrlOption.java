package glimt.deploy.node;

import java.net.URI;
import java.util.List;
import picocli.CommandLine.Option;

/** The option {@code --public-url}. */
public final class PublicUrlOption {
  @Option(
      names = "--public-url",
      paramLabel = "URL",
      split = ",",
      description = {
        "URL at which a proxy serves the farm, for example",
        "https://farm.example/glimt/; may be repeated. Requests for that host",
        "are then answered, and its pages may submit jobs."
      })
  private List<URI> urls = List.of();

  /** The URLs, unchecked; empty if none is given. */
  public List<URI> urls() {
    return urls;
  }
}
