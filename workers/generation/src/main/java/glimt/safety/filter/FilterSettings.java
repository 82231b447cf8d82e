package glimt.safety.filter;

import ai.djl.ndarray.NDManager;
import java.net.URI;
import java.net.URISyntaxException;

/**
 * Which filter a farm asks.
 *
 * @param which {@code on} for glimt's own, {@code off}, or the URL of an operator's
 * @param open whether everything passes while an operator's filter is unavailable
 */
public record FilterSettings(String which, boolean open) {
  /** The word for glimt's own filter. */
  public static final String ON = "on";

  /** The word for none. */
  public static final String OFF = "off";

  /**
   * @throws IllegalArgumentException if it is neither of these words nor a URL
   */
  public FilterSettings {
    if (!which.equals(ON) && !which.equals(OFF)) {
      url(which);
    }
  }

  private static URI url(String which) {
    try {
      URI url = new URI(which);
      boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
      if (web && url.getHost() != null && url.getUserInfo() == null) {
        return url;
      }
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("must be on, off or a URL: " + e.getMessage(), e);
    }
    throw new IllegalArgumentException(
        "must be on, off or a URL such as http://127.0.0.1:9000/check, not " + which);
  }

  /** Returns the filter for prompts. */
  public ContentFilter ofPrompts() {
    return switch (which) {
      case ON -> OwnFilter.ofPrompts();
      case OFF -> ContentFilter.OFF;
      default -> new RemoteFilter(url(which), open);
    };
  }

  /**
   * Returns the filter for prompts and pictures.
   *
   * @param manager on whose device pictures are classified
   */
  public ContentFilter ofPictures(NDManager manager) {
    return which.equals(ON) ? OwnFilter.on(manager) : ofPrompts();
  }
}
