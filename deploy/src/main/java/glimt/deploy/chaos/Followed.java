package glimt.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.chaos.Witness.SubmittedJob;
import glimt.job.JobId;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks a job as its client sees it: each of its events must come once and in order, and its
 * document must never go back.
 */
final class Followed {
  /** How long the last event of a job that has ended may take to arrive. */
  private static final Duration NEWS = Duration.ofSeconds(30);

  private static final double ROUNDING = 1e-9;

  private final SubmittedJob asked;
  private final Consumer<String> breaches;
  private final ReentrantLock looking = new ReentrantLock();
  private final CountDownLatch told = new CountDownLatch(1);
  private volatile long seq;
  private volatile double progress;
  private volatile @Nullable String ending;

  /**
   * @param breaches receives descriptions of broken promises
   */
  Followed(SubmittedJob asked, Consumer<String> breaches) {
    this.asked = asked;
    this.breaches = breaches;
  }

  SubmittedJob asked() {
    return asked;
  }

  // ---- events, which one thread receives

  /** The number of the last event that was received. */
  long seq() {
    return seq;
  }

  /** Whether the job's last event was received. */
  boolean isTold() {
    return told.getCount() == 0;
  }

  void hear(JsonNode event) {
    if (!event.has("seq")) {
      return;
    }
    JobId job = asked.job();
    long next = event.path("seq").asLong();
    if (next != seq + 1) {
      breaches.accept("%s: event %s came after %s".formatted(job, next, seq));
    }
    if (isTold()) {
      breaches.accept("%s: an event came after the last".formatted(job));
    }
    seq = next;
    if (event.path("type").asText().equals("ended")) {
      told.countDown();
    }
  }

  /** Waits for the last event of a job that has ended. */
  void awaitLast() {
    try {
      if (!told.await(NEWS.toSeconds(), TimeUnit.SECONDS)) {
        breaches.accept("%s is %s, and its events end at %s".formatted(asked.job(), ending, seq));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the document

  /** The state in which the job ended; empty while none was seen. */
  Optional<String> ending() {
    return Optional.ofNullable(ending);
  }

  /** Checks the current document. One thread at a time, so that documents are checked in order. */
  void look(Supplier<Optional<JsonNode>> document) {
    looking.lock();
    try {
      document.get().ifPresent(this::note);
    } finally {
      looking.unlock();
    }
  }

  private void note(JsonNode document) {
    JobId job = asked.job();
    double now = document.path("progress").asDouble();
    if (now < progress - ROUNDING) {
      breaches.accept(
          String.format(Locale.ROOT, "%s: progress went from %f to %f", job, progress, now));
    }
    progress = now;
    String state = document.path("state").asText();
    String before = ending;
    if (before != null && !before.equals(state)) {
      breaches.accept("%s: was %s and is %s".formatted(job, before, state));
    } else if (List.of("succeeded", "failed", "cancelled").contains(state)) {
      ending = state;
    }
  }
}
