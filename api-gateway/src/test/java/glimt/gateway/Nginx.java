package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.outside.Outside;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A real nginx with {@code nginx.conf}, whose servers are on free ports. */
final class Nginx implements AutoCloseable {
  private static final Pattern BLOCK = Pattern.compile("(?s)```nginx\n(.*?)```");

  private final Path folder;
  private final Map<String, Integer> ports = new LinkedHashMap<>();

  Nginx(Path folder) {
    this.folder = folder;
    List<ServerSocket> held =
        List.of("PLAIN", "PORTLESS", "NAMED", "BELOW", "README").stream()
            .map(
                name -> {
                  ServerSocket free = free();
                  ports.put(name, free.getLocalPort());
                  return free;
                })
            .toList();
    held.forEach(Nginx::close);
  }

  /** The port of a server. */
  int port(String server) {
    return Objects.requireNonNull(ports.get(server));
  }

  /** Starts it, and returns when it listens. */
  void serve(URI farm) throws Exception {
    String nginx = Outside.program("nginx").toString();
    String conf =
        new String(
            Nginx.class.getResourceAsStream("/nginx.conf").readAllBytes(), StandardCharsets.UTF_8);
    boolean root = "root".equals(System.getProperty("user.name"));
    conf =
        conf.replace("@BLOCK@", readme())
            .replace("@FOLDER@", folder.toString())
            .replace("@USER@", root ? "user root;" : "")
            .replace("@FARM@", Integer.toString(farm.getPort()));
    for (Map.Entry<String, Integer> port : ports.entrySet()) {
      conf = conf.replace("@" + port.getKey() + "@", Integer.toString(port.getValue()));
    }
    Files.writeString(folder.resolve("nginx.conf"), conf);
    // The parent process exits once the sockets are open, and nginx runs in the background.
    List<String> said = Outside.run(folder, _ -> {}, nginx, "-p", "" + folder, "-c", "nginx.conf");
    assertThat(said).noneMatch(line -> line.contains("emerg"));
  }

  /** The configuration in the README, with this farm's addresses. */
  private static String readme() throws IOException {
    Matcher block = BLOCK.matcher(Files.readString(Path.of("..", "README.md")));
    assertThat(block.find()).as("the README has a block for nginx").isTrue();
    return block.group(1).replace("http://127.0.0.1:8080", "http://127.0.0.1:@FARM@");
  }

  @Override
  public void close() throws IOException {
    if (!Files.exists(folder.resolve("nginx.pid"))) {
      return;
    }
    try {
      Outside.run(
          folder,
          _ -> {},
          Outside.program("nginx").toString(),
          "-p",
          "" + folder,
          "-c",
          "nginx.conf",
          "-s",
          "stop");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ServerSocket free() {
    try {
      return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void close(ServerSocket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
