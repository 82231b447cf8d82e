package glimt.client;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A stream that breaks when nothing has come for a time. A farm says every 15 s that it is still
 * there, so a longer silence means that the connection is dead, and nobody has said so.
 */
final class LiveStream extends FilterInputStream {
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile long heard = System.nanoTime();
  private volatile boolean silent;

  LiveStream(InputStream in, Duration silence) {
    super(in);
    Thread.ofVirtual().name("silence").start(() -> listen(silence.toNanos()));
  }

  private void listen(long silence) {
    try {
      long left = silence;
      while (!closed.await(left, TimeUnit.NANOSECONDS)) {
        left = silence - (System.nanoTime() - heard);
        if (left <= 0) {
          silent = true;
          in.close();
          return;
        }
      }
    } catch (IOException e) {
      // It is closed all the same: its reader is told.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    try {
      int read = super.read(into, offset, length);
      heard = System.nanoTime();
      if (read >= 0 || !silent) {
        return read;
      }
    } catch (IOException e) {
      if (!silent) {
        throw e;
      }
    }
    throw new IOException("the farm was silent for too long");
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    super.close();
  }
}
