package glimt.coordinator;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Where a node listens to the others, and how their words are kept from strangers: beyond this
 * machine only by TLS, with which both ends show who they are.
 *
 * @param host by which the others reach this machine
 * @param port 0 for any that is free
 * @param tls a folder with {@code node.key}, {@code node.crt} and {@code ca.crt}, in PEM: the key
 *     (RSA, PKCS#8) of the farm's nodes, its certificate, and that of the authority that issued it
 */
public record Place(String host, int port, Optional<Path> tls) {
  public static final Place LOOPBACK = new Place("127.0.0.1", 0, Optional.empty());

  /** How a process tells its children of {@link #tls}. */
  private static final String TLS = "GLIMT_TLS";

  public Place {
    if (tls.isEmpty() && !isLoopback(host)) {
      throw new IllegalArgumentException(
          "nodes that listen on %s, beyond this machine, need TLS".formatted(host));
    }
  }

  /**
   * The place of a process on the machine of the one that started it.
   *
   * @param address the {@link Node#address} of that
   */
  static Place ofChild(String address) {
    String host = Node.parse(address).getHost().get();
    return new Place(host, 0, Optional.ofNullable(System.getenv(TLS)).map(Path::of));
  }

  /** What a child's environment has to say, for {@link #ofChild}. */
  public Map<String, String> environment() {
    return tls.map(folder -> Map.of(TLS, folder.toString())).orElse(Map.of());
  }

  Map<String, Object> settings() {
    Map<String, Object> settings = new HashMap<>();
    settings.put("pekko.remote.artery.canonical.hostname", host);
    settings.put("pekko.remote.artery.canonical.port", port);
    if (isLoopback(host)) {
      // So that routes can tell the nodes of one machine apart.
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

  /** Whether nobody outside this machine reaches what listens there. */
  public static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("there is no host " + host, e);
    }
  }
}
