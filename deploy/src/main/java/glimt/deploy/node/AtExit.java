package glimt.deploy.node;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes what was opened through it, in reverse order: at the end of a try block, or from a
 * shutdown hook if the process is stopped within the block. A stop that comes while something is
 * being opened waits until it is open, and closes it too.
 */
public final class AtExit implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AtExit.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Runnable> closings = new ArrayDeque<>();
  private final Thread hook;
  private volatile boolean closed;

  /** For a command that ends by itself; a signal to stop ends it with the JVM's usual exit code. */
  public AtExit() {
    this(() -> {});
  }

  private AtExit(Runnable end) {
    this.hook =
        Thread.ofPlatform()
            .name("at-exit")
            .unstarted(
                () -> {
                  closeAll();
                  end.run();
                });
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** For a server, which runs until it is stopped and then exits with 0. */
  public static AtExit ofServer() {
    return new AtExit(() -> Runtime.getRuntime().halt(0));
  }

  /**
   * Opens something.
   *
   * @param closing closes what {@code opening} returned
   * @throws DeployException if the process is being stopped
   */
  public <T> T open(Supplier<T> opening, Consumer<? super T> closing) {
    lock.lock();
    try {
      if (closed) {
        throw new DeployException("stopped before it had started");
      }
      T opened = opening.get();
      closings.push(() -> closing.accept(opened));
      return opened;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Opens something that is closed by its own {@code close}.
   *
   * @throws DeployException if the process is being stopped
   */
  public <T extends AutoCloseable> T open(Supplier<T> opening) {
    return open(opening, AtExit::close);
  }

  /** The number of things that are open, for {@link #closeBackTo}. */
  public int mark() {
    lock.lock();
    try {
      return closings.size();
    } finally {
      lock.unlock();
    }
  }

  /** Closes everything that was opened after {@link #mark} returned {@code mark}. */
  public void closeBackTo(int mark) {
    lock.lock();
    try {
      while (closings.size() > mark) {
        closeLast();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether the process is being stopped, or the block has ended. */
  public boolean closed() {
    return closed;
  }

  @Override
  public void close() {
    closeAll();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("the process is being stopped already", e);
    }
  }

  private void closeAll() {
    lock.lock();
    try {
      closed = true;
      while (!closings.isEmpty()) {
        closeLast();
      }
    } finally {
      lock.unlock();
    }
  }

  private void closeLast() {
    try {
      closings.pop().run();
    } catch (RuntimeException e) {
      LOG.warn("a part of the farm did not close cleanly", e);
    }
  }

  private static void close(AutoCloseable part) {
    try {
      part.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("closing " + part, e);
    }
  }
}
