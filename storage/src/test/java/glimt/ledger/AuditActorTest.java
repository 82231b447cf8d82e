package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.AuditLog.AuditEntry;
import glimt.ledger.AuditLog.ChainHead;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who did what, in the audit log of a real database. */
class AuditActorTest {
  private static final String KEY = "0123456789abcdef";

  @Test
  void every_row_says_who_did_it() {
    try (Ledger ledger = Ledger.fresh()) {
      AuditLog log = new AuditLog(ledger.database);
      JobId job = Acting.as(KEY, ledger::submit);
      Acting.as("operator", () -> change(ledger, job));
      Acting.as("another", () -> ledger.jobs.cancel(TenantId.DEFAULT, job));
      Acting.as(KEY, () -> ledger.jobs.delete(TenantId.DEFAULT, job));
      Acting.as(KEY, () -> new Tenants(ledger.database).set(new TenantId("studio"), 2.0, null));
      Acting.as(
          KEY, () -> new Tenants(ledger.database).set(new TenantId("studio"), null, null, 60.0));
      ApiKeys keys = new ApiKeys(ledger.database);
      String made =
          Acting.as(KEY, () -> keys.create(TenantId.DEFAULT, Set.of(Scope.READ), null, "x"))
              .key()
              .id();
      Acting.as("operator", () -> keys.revoke(made));
      Acting.as(KEY, () -> new WebhookSecrets(ledger.database).rotate(TenantId.DEFAULT));
      FilterDecision decision =
          FilterDecision.block(FilterStage.PROMPT, "test-1", "other", "not this");
      Acting.as(
          KEY,
          () -> {
            log.stopped(TenantId.DEFAULT, "a wish", decision);
            return decision;
          });
      JobId own = ledger.submit();
      assertThat(
              log.entries(Long.MAX_VALUE, null, null, 100).reversed().stream()
                  .map(row -> row.act() + " " + by(row))
                  .dropWhile(row -> !row.startsWith("job.")))
          .containsExactly(
              "job.submitted " + KEY,
              "job.changed operator",
              "job.cancelled another",
              "job.deleted " + KEY,
              "tenant.set " + KEY,
              "tenant.set " + KEY,
              "key.created " + KEY,
              "key.revoked operator",
              "webhook_secret.made " + KEY,
              "prompt.blocked " + KEY,
              "job.submitted farm");
      assertThat(log.entries(Long.MAX_VALUE, null, "farm", 100))
          .extracting(AuditEntry::subject)
          .contains(own.toString())
          .doesNotContain(job.toString());
      assertThat(log.entries(Long.MAX_VALUE, null, null, 100)).allMatch(row -> by(row) != null);
    }
  }

  @Test
  void prompts_are_kept_as_they_are_only_while_the_farm_is_told_to() {
    try (Ledger ledger = Ledger.fresh()) {
      AuditLog log = new AuditLog(ledger.database);
      ledger.submit();
      Acting.as(KEY, () -> kept(log, true));
      JobId plain = ledger.submit();
      Acting.as(KEY, () -> kept(log, false));
      JobId hashed = ledger.submit();
      assertThat(prompt(log, plain)).isEqualTo(Ledger.spec().prompt());
      assertThat(prompt(log, hashed)).matches("[0-9a-f]{64}");
      assertThat(log.entries(Long.MAX_VALUE, "prompts", KEY, 10)).hasSize(2);
      log.link();
      assertThat(log.verify(null).faults()).isEmpty();
    }
  }

  private static boolean kept(AuditLog log, boolean plain) {
    log.keepPrompts(plain);
    return plain;
  }

  private static @Nullable String prompt(AuditLog log, JobId job) {
    AuditEntry row = log.entries(Long.MAX_VALUE, job.toString(), null, 1).getFirst();
    return Json.read(row.detail(), JsonNode.class).path("prompt").textValue();
  }

  private static JobId change(Ledger ledger, JobId job) {
    ledger.jobs.change(TenantId.DEFAULT, job, JobClass.URGENT, null, null);
    return job;
  }

  @Test
  void jobs_that_are_written_together_keep_their_own_actors() {
    try (Ledger ledger = Ledger.fresh()) {
      Map<String, String> asked = new ConcurrentHashMap<>();
      IntStream.range(0, 200)
          .parallel()
          .forEach(
              i -> {
                String actor = "key" + i % 7;
                asked.put(Acting.as(actor, ledger::submit).toString(), actor);
              });
      List<AuditEntry> rows =
          new AuditLog(ledger.database)
              .entries(Long.MAX_VALUE, null, null, 1000).stream()
                  .filter(row -> row.act().equals("job.submitted"))
                  .toList();
      assertThat(rows)
          .hasSize(200)
          .allSatisfy(row -> assertThat(by(row)).isEqualTo(asked.get(row.subject())));
    }
  }

  @Test
  void an_actor_is_forgotten_with_its_transaction_also_on_the_same_connection() {
    try (Ledger ledger = Ledger.fresh()) {
      JobId job = Acting.as(KEY, ledger::submit);
      Acting.as(KEY, () -> change(ledger, job));
      ledger.jobs.cancel(TenantId.DEFAULT, job);
      assertThat(
              new AuditLog(ledger.database)
                  .entries(Long.MAX_VALUE, job.toString(), null, 10).stream()
                      .map(AuditActorTest::by))
          .containsExactly("farm", KEY, KEY);
    }
  }

  @Test
  void what_a_user_of_the_database_does_by_hand_is_theirs() throws Exception {
    try (Ledger ledger = Ledger.fresh()) {
      JobId job = Acting.as(KEY, ledger::submit);
      String url =
          ledger.database.read("url", session -> session.connection().getMetaData()).getURL();
      try (Connection hand =
          DriverManager.getConnection(
              url.replaceAll("\\?.*", ""), Ledger.server().user(), Ledger.server().password())) {
        hand.createStatement().execute("UPDATE job SET class = 'bulk'");
      }
      assertThat(
              by(
                  new AuditLog(ledger.database)
                      .entries(Long.MAX_VALUE, job.toString(), null, 1)
                      .getFirst()))
          .isEqualTo("database user " + Ledger.server().user());
    }
  }

  @Test
  void a_chain_that_the_release_before_began_goes_on() {
    String url = Ledger.freshUrl();
    String user = Ledger.server().user();
    String password = Ledger.server().password();
    Flyway.configure().dataSource(url, user, password).target("43").load().migrate();
    ChainHead kept;
    try (Database before = Database.connect(url, user, password)) {
      before.transact(
          "set a tenant as the release before did",
          session ->
              session.update("INSERT INTO tenant (id, weight, jobs) VALUES ('studio', 2, 5)"));
      new ApiKeys(before).create(new TenantId("studio"), Set.of(Scope.READ), null, "x");
      new AuditLog(before).link();
      kept = new AuditLog(before).verify(null).head();
    }
    try (Database now = Ledger.open(url)) {
      AuditLog log = new AuditLog(now);
      Acting.as(KEY, () -> new Tenants(now).set(new TenantId("studio"), 3.0, null));
      log.link();
      assertThat(log.verify(kept).faults()).isEmpty();
      assertThat(log.verify(kept).head().number()).isGreaterThan(kept.number());
      assertThat(log.entries(Long.MAX_VALUE, "studio", null, 2).stream().map(AuditActorTest::by))
          .containsExactly(KEY, null);
    }
  }

  private static @Nullable String by(AuditEntry row) {
    return Json.read(row.detail(), JsonNode.class).path("by").textValue();
  }
}
