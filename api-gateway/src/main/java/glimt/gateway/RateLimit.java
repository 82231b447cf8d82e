package glimt.gateway;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A token bucket that holds the requests of one second, at least one. It is of one gateway: a farm
 * of several admits as many times the rate.
 */
final class RateLimit {
  private final double rate;
  private final double depth;
  private double tokens;
  private long at = System.nanoTime();
  private final ReentrantLock taking = new ReentrantLock();

  /**
   * @param rate requests a second
   */
  RateLimit(double rate) {
    this.rate = rate;
    this.depth = Math.max(1, rate);
    this.tokens = depth;
  }

  double rate() {
    return rate;
  }

  /** Takes a token. Returns 0, or if there is none, how many milliseconds later there will be. */
  long take() {
    taking.lock();
    try {
      return taken();
    } finally {
      taking.unlock();
    }
  }

  private long taken() {
    long now = System.nanoTime();
    tokens = Math.min(depth, tokens + rate * (now - at) / TimeUnit.SECONDS.toNanos(1));
    at = now;
    if (tokens >= 1) {
      tokens--;
      return 0;
    }
    return (long) Math.ceil((1 - tokens) / rate * 1000);
  }
}
