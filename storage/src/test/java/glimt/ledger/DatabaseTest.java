package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.postgres.EmbeddedPostgres;
import glimt.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DatabaseTest {
  @Test
  void a_deadlock_is_tried_again_until_both_have_done_their_work() throws Exception {
    try (Ledger ledger = Ledger.fresh()) {
      ledger.sql("CREATE TABLE pair (id int PRIMARY KEY, n int NOT NULL)");
      ledger.sql("INSERT INTO pair VALUES (1, 0), (2, 0)");
      CyclicBarrier met = new CyclicBarrier(2);
      CountDownLatch committed = new CountDownLatch(1);
      AtomicInteger runs = new AtomicInteger();
      List<Callable<Integer>> crossing = new ArrayList<>();
      for (int first = 1; first <= 2; first++) {
        int mine = first;
        crossing.add(
            () -> {
              int updated =
                  ledger.database.transact(
                      "cross",
                      session -> {
                        int run = runs.incrementAndGet();
                        if (run > 2) {
                          // Else it could lock its row before the other wakes, and meet it again.
                          await(committed);
                        }
                        session.update("UPDATE pair SET n = n + 1 WHERE id = ?", mine);
                        if (run <= 2) {
                          await(met);
                        }
                        return session.update("UPDATE pair SET n = n + 1 WHERE id = ?", 3 - mine);
                      });
              committed.countDown();
              return updated;
            });
      }
      try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
        for (Future<Integer> done : threads.invokeAll(crossing)) {
          assertThat(done.get()).isEqualTo(1);
        }
      }
      assertThat(runs).hasValue(3);
      assertThat(ledger.count("SELECT sum(n) FROM pair")).isEqualTo(4);
    }
  }

  @Test
  void a_transaction_that_breaks_leaves_nothing() {
    try (Ledger ledger = Ledger.fresh()) {
      assertThatThrownBy(
              () ->
                  ledger.database.transact(
                      "insert and break",
                      session -> {
                        session.update("INSERT INTO tenant VALUES ('half')");
                        throw new IllegalStateException("broken");
                      }))
          .hasMessage("broken");
      assertThatThrownBy(() -> ledger.sql("INSERT INTO tenant VALUES ('')"))
          .isInstanceOf(StorageException.class)
          .hasStackTraceContaining("tenant_id_is_short");
      assertThat(ledger.count("SELECT count(*) FROM tenant")).isEqualTo(1);
    }
  }

  @Test
  void several_may_migrate_the_same_database_at_once() throws Exception {
    String url = Ledger.freshUrl();
    EmbeddedPostgres server = Ledger.server();
    List<Callable<Long>> openers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      openers.add(
          () -> {
            try (Database database = Database.open(url, server.user(), server.password())) {
              return database.read(
                  "count",
                  session ->
                      session
                          .first("SELECT count(*) FROM pulse", row -> row.getLong(1))
                          .orElseThrow());
            }
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (Future<Long> opened : threads.invokeAll(openers)) {
        assertThat(opened.get()).isEqualTo(1);
      }
    }
  }

  @Test
  void a_database_that_cannot_be_had_is_a_clear_error() {
    EmbeddedPostgres server = Ledger.server();
    assertThatThrownBy(() -> Database.open(server.url(), server.user(), "wrong"))
        .isInstanceOf(StorageException.class)
        .hasMessage("could not connect to the database")
        .hasStackTraceContaining("password authentication failed");
    assertThatThrownBy(() -> Database.open("jdbc:postgresql://127.0.0.1:1/x", "u", "p"))
        .isInstanceOf(StorageException.class)
        .hasStackTraceContaining("refused");
  }

  @Test
  void a_database_that_is_not_as_the_ledger_needs_it_is_told_in_a_sentence() throws Exception {
    EmbeddedPostgres server = Ledger.server();
    String url = Ledger.freshUrl();
    assertThatThrownBy(
            () ->
                Database.open(
                    url + "?options=-c%20search_path=nowhere", server.user(), server.password()))
        .isInstanceOf(StorageException.class)
        .hasMessage(
            "no schema of the search path (nowhere) exists for this user; create one of them, or name another in the URL with currentSchema=");
    assertThatThrownBy(
            () ->
                Database.open(
                    url + "?options=-c%20default_transaction_read_only=on",
                    server.user(),
                    server.password()))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("read-only");
    Ledger.admin("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    try {
      assertThatThrownBy(
              () ->
                  Database.open(
                      server.url().replaceFirst("/[^/]*$", "/latin"),
                      server.user(),
                      server.password()))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("LATIN1")
          .hasMessageContaining("--encoding=UTF8");
    } finally {
      Ledger.admin("DROP DATABASE latin WITH (FORCE)");
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(10, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(10, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the other transaction did not commit");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
