package glimt.coordinator;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Where a node listens for other nodes, and with which certificates. Outside of loopback, nodes
 * require mutual TLS.
 *
 * @param host the name or address by which other nodes reach this machine
 * @param port the port; 0 means any free one
 * @param tls a folder with the PEM files {@code node.key}, {@code node.crt} and {@code ca.crt}: the
 *     nodes' private key (RSA, PKCS#8), its certificate, and the certificate of the authority that
 *     issued it
 */
public record Place(String host, int port, Optional<Path> tls) {
  /** Any free port on loopback, without TLS. */
  public static final Place LOOPBACK = new Place("127.0.0.1", 0, Optional.empty());

  /** The environment variable by which a process passes {@link #tls} to its children. */
  private static final String TLS = "GLIMT_TLS";

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the host is not loopback and {@code tls} is missing, or the
   *     host is unknown
   */
  public Place {
    if (tls.isEmpty() && !isLoopback(host)) {
      throw new IllegalArgumentException(
          "nodes that listen on %s, outside of loopback, need TLS; give a folder of certificates"
              .formatted(host));
    }
  }

  /**
   * Returns the place of a child process, on the machine of its parent.
   *
   * @param address the parent's {@link Node#address}
   */
  static Place ofChild(String address) {
    String host = Node.parse(address).getHost().get();
    return new Place(host, 0, Optional.ofNullable(System.getenv(TLS)).map(Path::of));
  }

  /** Returns the variables that {@link #ofChild} needs in a child's environment. */
  public Map<String, String> environment() {
    return tls.map(folder -> Map.of(TLS, folder.toString())).orElse(Map.of());
  }

  Map<String, Object> settings() {
    Map<String, Object> settings = new HashMap<>();
    settings.put("pekko.remote.artery.canonical.hostname", host);
    settings.put("pekko.remote.artery.canonical.port", port);
    if (isLoopback(host)) {
      // With the node's own address as source, routes can tell the nodes of one machine apart.
      settings.put("pekko.remote.artery.advanced.tcp.outbound-client-hostname", host);
    }
    tls.ifPresent(
        folder -> {
          String ssl = "pekko.remote.artery.ssl.";
          String engine = ssl + "rotating-keys-engine.";
          settings.put("pekko.remote.artery.transport", "tls-tcp");
          settings.put(
              ssl + "ssl-engine-provider",
              "org.apache.pekko.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider");
          settings.put(engine + "key-file", folder.resolve("node.key").toString());
          settings.put(engine + "cert-file", folder.resolve("node.crt").toString());
          settings.put(engine + "ca-cert-file", folder.resolve("ca.crt").toString());
        });
    return settings;
  }

  /**
   * Returns whether a host is a loopback address, which only this machine can reach.
   *
   * @throws IllegalArgumentException if the host is unknown
   */
  public static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("the host %s is unknown".formatted(host), e);
    }
  }
}
