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
 * A job as its client sees it: by its events, each of which comes once and in order, and by its
 * document, which never goes back.
 */
final class Followed {
  /** How long the stream of a job that has ended may take to say so. */
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
   * @param breaches is told what a client must never see
   */
  Followed(SubmittedJob asked, Consumer<String> breaches) {
    this.asked = asked;
    this.breaches = breaches;
  }

  SubmittedJob asked() {
    return asked;
  }

  // ---- by its events; one thread hears them

  /** The number of the last event. */
  long seq() {
    return seq;
  }

  /** Whether its last event has come. */
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

  // ---- by its document

  /** How it ended, as far as was seen. */
  Optional<String> ending() {
    return Optional.ofNullable(ending);
  }

  /** One look at a time, so that none is told late. */
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
