package glimt.deploy.node;

import java.net.URI;
import java.util.List;
import picocli.CommandLine.Option;

/** Where proxies serve a farm's gateway. */
public final class PublicUrlOption {
  @Option(
      names = "--public-url",
      paramLabel = "URL",
      split = ",",
      description = {
        "Where a proxy serves the farm, such as https://farm.example/glimt/; may be given again.",
        "Its pages may then ask for jobs, and requests for its name are answered."
      })
  private List<URI> urls = List.of();

  public List<URI> urls() {
    return urls;
  }
}
