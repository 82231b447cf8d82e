package glimt.deploy.node;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was opened, closed in the reverse order: at the end of the block, or when the process is
 * told to stop within it, whichever comes first. What is just being opened then is waited for.
 */
public final class AtExit implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AtExit.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Runnable> closings = new ArrayDeque<>();
  private final Thread hook;
  private volatile boolean closed;

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

  /** Of a process whose task it is to run until it is told to stop: it ends with 0 then. */
  public static AtExit ofServer() {
    return new AtExit(() -> Runtime.getRuntime().halt(0));
  }

  /**
   * @throws DeployException if the process is being stopped
   */
  public <T> T open(Supplier<T> opening, Consumer<? super T> closing) {
    lock.lock();
    try {
      if (closed) {
        throw new DeployException("stopped");
      }
      T opened = opening.get();
      closings.push(() -> closing.accept(opened));
      return opened;
    } finally {
      lock.unlock();
    }
  }

  public <T extends AutoCloseable> T open(Supplier<T> opening) {
    return open(opening, AtExit::close);
  }

  /** How much is open; see {@link #closeBackTo}. */
  public int mark() {
    lock.lock();
    try {
      return closings.size();
    } finally {
      lock.unlock();
    }
  }

  /** Closes what was opened since {@code mark}. */
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

  /** Whether the process was told to stop, or the block is over. */
  public boolean closed() {
    return closed;
  }

  @Override
  public void close() {
    closeAll();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("the process stops already", e);
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
      LOG.warn("could not be closed in order", e);
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
