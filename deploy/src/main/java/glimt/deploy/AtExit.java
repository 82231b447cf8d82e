package glimt.deploy;

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
final class AtExit implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AtExit.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Runnable> closings = new ArrayDeque<>();
  private final Thread hook = Thread.ofPlatform().name("at-exit").unstarted(this::closeAll);
  private volatile boolean closed;

  AtExit() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * @throws DeployException if the process is being stopped
   */
  <T> T open(Supplier<T> opening, Consumer<? super T> closing) {
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

  <T extends AutoCloseable> T open(Supplier<T> opening) {
    return open(opening, AtExit::close);
  }

  /** Whether the process was told to stop, or the block is over. */
  boolean closed() {
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
        try {
          closings.pop().run();
        } catch (RuntimeException e) {
          LOG.warn("could not be closed in order", e);
        }
      }
    } finally {
      lock.unlock();
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
