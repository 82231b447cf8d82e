package glimt.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;

/** Passes connections on to a server, and cuts each after some bytes of what the server sends. */
final class CuttingProxy implements AutoCloseable {
  private final ServerSocket door;
  private final URI server;
  private final IntUnaryOperator bytes;
  private final List<Socket> open = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger connections = new AtomicInteger();

  /**
   * @param bytes how many bytes the n-th connection passes on, from 0; negative for all
   */
  CuttingProxy(URI server, IntUnaryOperator bytes) throws IOException {
    this.server = server;
    this.bytes = bytes;
    this.door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::welcome);
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + Integer.toString(door.getLocalPort()));
  }

  int connections() {
    return connections.get();
  }

  private void welcome() {
    while (!door.isClosed()) {
      try {
        Socket client = door.accept();
        Socket behind = new Socket(InetAddress.getLoopbackAddress(), server.getPort());
        open.addAll(List.of(client, behind));
        int most = bytes.applyAsInt(connections.getAndIncrement());
        Thread.ofVirtual().start(() -> pass(client, behind, -1));
        Thread.ofVirtual().start(() -> pass(behind, client, most));
      } catch (IOException e) {
        if (!door.isClosed()) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private static void pass(Socket from, Socket to, int most) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] some = new byte[4096];
      int left = most;
      for (int count = in.read(some); count >= 0; count = in.read(some)) {
        int passed = most < 0 ? count : Math.min(count, left);
        out.write(some, 0, passed);
        out.flush();
        left -= passed;
        if (most >= 0 && left == 0) {
          return;
        }
      }
    } catch (IOException _) {
      // One side has hung up; so does the other.
    }
  }

  @Override
  public void close() throws IOException {
    door.close();
    for (Socket socket : List.copyOf(open)) {
      socket.close();
    }
  }
}
