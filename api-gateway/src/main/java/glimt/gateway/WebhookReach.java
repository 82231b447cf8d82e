package glimt.gateway;

import glimt.job.InvalidSpec;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Where webhooks may be sent: by https to public addresses, and to the networks that the farm's
 * operator allows, also by http. Without this check whoever may submit jobs could make the gateway
 * send requests to services that trust its network (SSRF).
 */
public final class WebhookReach {
  /** Public addresses only. */
  public static final WebhookReach PUBLIC = new WebhookReach(List.of());

  /** The longest URL. */
  static final int URL_LIMIT = 2048;

  /**
   * Networks that are not public, by the registries of special-purpose addresses (RFC 6890). What
   * is not in 2000::/3 is not public in IPv6.
   */
  private static final List<AddressRange> SPECIAL =
      networks(
          List.of(
              "0.0.0.0/8",
              "10.0.0.0/8",
              "100.64.0.0/10",
              "127.0.0.0/8",
              "169.254.0.0/16",
              "172.16.0.0/12",
              "192.0.0.0/24",
              "192.0.2.0/24",
              "192.88.99.0/24",
              "192.168.0.0/16",
              "198.18.0.0/15",
              "198.51.100.0/24",
              "203.0.113.0/24",
              "224.0.0.0/3",
              "2001::/23",
              "2001:db8::/32",
              "2002::/16",
              "3fff::/20"));

  private static final AddressRange PUBLIC_IPV6 = AddressRange.of("2000::/3");

  private final List<AddressRange> allowed;

  private WebhookReach(List<AddressRange> allowed) {
    this.allowed = allowed;
  }

  /**
   * Allows networks besides the public addresses.
   *
   * @param networks such as {@code 10.0.0.0/8} or {@code fd00::/8}
   * @throws IllegalArgumentException if one is not valid
   */
  public static WebhookReach with(List<String> networks) {
    return new WebhookReach(networks(networks));
  }

  private static List<AddressRange> networks(List<String> texts) {
    return texts.stream().map(AddressRange::of).toList();
  }

  /** Addresses that begin with the same bits. */
  private record AddressRange(byte[] address, int bits) {
    static AddressRange of(String text) {
      String[] parts = text.split("/", -1);
      try {
        byte[] address = InetAddress.ofLiteral(parts[0]).getAddress();
        int bits = Integer.parseInt(parts[1]);
        if (parts.length == 2 && bits >= 0 && bits <= 8 * address.length) {
          return new AddressRange(address, bits);
        }
      } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException _) {
        // Refused below.
      }
      throw new IllegalArgumentException(
          "a network must be given as ADDRESS/BITS, such as 10.0.0.0/8, not " + text);
    }

    boolean has(InetAddress other) {
      byte[] bytes = other.getAddress();
      return bytes.length == address.length
          && IntStream.range(0, bits).allMatch(bit -> bit(bytes, bit) == bit(address, bit));
    }

    private static int bit(byte[] bytes, int bit) {
      return bytes[bit / 8] >> (7 - bit % 8) & 1;
    }
  }

  /**
   * Checks a URL before it is stored. Names are not looked up yet.
   *
   * @param field that the URL was given in
   * @throws InvalidSpec if nothing could ever be sent there
   */
  void check(String field, String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      throw new InvalidSpec(field, "must be a URL such as https://example.com/hook");
    }
    boolean http = "http".equalsIgnoreCase(uri.getScheme()) && !allowed.isEmpty();
    if (!http && !"https".equalsIgnoreCase(uri.getScheme())) {
      throw new InvalidSpec(
          field,
          "must begin with https://"
              + (allowed.isEmpty()
                  ? ""
                  : ", or with http:// for the local networks that this farm allows"));
    }
    if (uri.getHost() == null || uri.getRawUserInfo() != null || uri.getRawFragment() != null) {
      throw new InvalidSpec(
          field,
          "must have a host, and neither a user nor a fragment, as in https://example.com/a");
    }
    if (url.length() > URL_LIMIT || uri.getPort() == 0 || uri.getPort() > 65_535) {
      throw new InvalidSpec(
          field, "must have at most %s characters and a valid port".formatted(URL_LIMIT));
    }
    InetAddress literal = literal(uri.getHost());
    if (literal != null && !mayReach(literal, http)) {
      throw new InvalidSpec(field, refusal(uri.getHost()));
    }
  }

  /**
   * Looks the host of a URL up, once, and vets every address it has.
   *
   * @return the address to connect to; to look the name up again could give another
   * @throws IOException if it has none, or one that must not be reached
   */
  InetAddress resolve(URI url) throws IOException {
    return vetted(url, InetAddress.getAllByName(bare(url.getHost())));
  }

  /** One of the addresses of a URL's host, if all of them may be reached. */
  InetAddress vetted(URI url, InetAddress[] addresses) throws IOException {
    boolean http = "http".equalsIgnoreCase(url.getScheme());
    if (addresses.length == 0) {
      throw new UnknownHostException(url.getHost());
    }
    if (!Arrays.stream(addresses).allMatch(address -> mayReach(address, http))) {
      throw new IOException(refusal(url.getHost()));
    }
    return addresses[0];
  }

  private String refusal(String host) {
    return "must not lead to a local or special network, as %s does%s"
        .formatted(
            Fields.shown(host),
            allowed.isEmpty() ? "; the farm's operator can allow one (--webhook-networks)" : "");
  }

  private boolean mayReach(InetAddress address, boolean http) {
    InetAddress meant = embedded(address);
    return allowed.stream().anyMatch(network -> network.has(meant))
        || (!http && isPublic(address) && isPublic(meant));
  }

  private static boolean isPublic(InetAddress address) {
    return SPECIAL.stream().noneMatch(network -> network.has(address))
        && (address instanceof Inet4Address || PUBLIC_IPV6.has(address));
  }

  /** The IPv4 address that an IPv4-mapped one stands for; Java reads most of them so already. */
  private static InetAddress embedded(InetAddress address) {
    byte[] bytes = address.getAddress();
    boolean mapped =
        bytes.length == 16
            && Arrays.equals(
                bytes, 0, 12, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1}, 0, 12);
    try {
      return mapped ? InetAddress.getByAddress(Arrays.copyOfRange(bytes, 12, 16)) : address;
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The address that a host is, in whatever way it is written; null if it is a name. */
  private static @Nullable InetAddress literal(String host) {
    try {
      return "localhost".equals(host.toLowerCase(Locale.ROOT))
          ? InetAddress.getLoopbackAddress()
          : InetAddress.ofLiteral(bare(host));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static String bare(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }
}
