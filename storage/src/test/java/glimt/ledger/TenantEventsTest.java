package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.JobId;
import glimt.job.TenantId;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The one order of the events of all jobs of a tenant. */
class TenantEventsTest {
  private static final TenantId TENANT = TenantId.DEFAULT;

  private final String url = Ledger.freshUrl();
  private final Database database = Ledger.open(url);
  private final Events events = new Events(database);

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void an_event_that_is_committed_late_is_not_passed_over() throws Exception {
    JobId slow = job();
    JobId quick = job();
    EventPosition start = events.horizon();
    try (Connection open = connect();
        var statement = open.createStatement()) {
      open.setAutoCommit(false);
      statement.execute(event(slow, 1)); // has the lower number, and is committed later
      run(event(quick, 1));
      Events.EventPage before = events.after(TENANT, start, 10);
      assertThat(before.events()).isEmpty();
      open.commit();
      assertThat(jobs(events.after(TENANT, before.next(), 10))).containsExactly(slow, quick);
    }
  }

  @Test
  void pages_follow_each_other_and_another_tenants_events_are_not_in_them() throws Exception {
    run("INSERT INTO tenant (id) VALUES ('other')");
    JobId job = job();
    for (int seq = 1; seq <= 5; seq++) {
      run(event(job, seq));
    }
    List<JobId> seen = new ArrayList<>();
    EventPosition at = EventPosition.START;
    for (int page = 0; page < 4; page++) {
      Events.EventPage next = events.after(TENANT, at, 2);
      seen.addAll(jobs(next));
      at = next.next();
    }
    assertThat(seen).hasSize(5);
    assertThat(events.after(new TenantId("other"), EventPosition.START, 10).events()).isEmpty();
    assertThat(EventPosition.parse(at.toString())).contains(at);
  }

  @Test
  void events_that_were_restored_from_another_server_are_not_of_the_future() throws Exception {
    JobId job = job();
    run(event(job, 1));
    run("UPDATE event SET xact = '999999999999'");
    assertThat(events.after(TENANT, EventPosition.START, 10).events()).isEmpty();
    try (Database again = Ledger.open(url)) {
      assertThat(jobs(new Events(again).after(TENANT, EventPosition.START, 10)))
          .containsExactly(job);
    }
  }

  private static List<JobId> jobs(Events.EventPage page) {
    return page.events().stream().map(placed -> placed.event().job()).toList();
  }

  private JobId job() throws SQLException {
    JobId job = JobId.random();
    run(
        """
        INSERT INTO bundle (digest, name, card, offered) VALUES ('%s', 'toy', '{"name": "toy"}', now())
        ON CONFLICT DO NOTHING
        """
            .formatted("a".repeat(64)));
    run(
        """
        INSERT INTO job (id, tenant, card, spec, warnings, created, last_seq, class)
        VALUES ('%s', 'default', '%s', '{}', '[]', now(), 1, 'normal')
        """
            .formatted(job, "a".repeat(64)));
    return job;
  }

  private static String event(JobId job, int seq) {
    return "INSERT INTO event (job, seq, at, fact) VALUES ('%s', %s, now(), '{\"type\":\"started\"}')"
        .formatted(job, Integer.toString(seq));
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(url, Ledger.server().user(), Ledger.server().password());
  }

  private void run(String sql) throws SQLException {
    try (Connection connection = connect();
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
