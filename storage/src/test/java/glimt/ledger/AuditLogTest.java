package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.AuditLog.AuditEntry;
import glimt.ledger.AuditLog.ChainHead;
import glimt.ledger.AuditLog.ChainVerdict;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The audit log of a real database, and what whoever may write to it can do to it. */
class AuditLogTest {
  private final Ledger ledger = Ledger.fresh();
  private final AuditLog log = new AuditLog(ledger.database);

  @AfterEach
  void close() {
    ledger.close();
  }

  @Test
  void every_act_has_a_row_and_prompts_are_not_in_it() {
    JobId job = ledger.submit();
    ledger.jobs.change(TenantId.DEFAULT, job, JobClass.URGENT, null, null);
    ledger.jobs.change(TenantId.DEFAULT, job, null, true, null);
    ledger.jobs.cancel(TenantId.DEFAULT, job);
    ledger.jobs.delete(TenantId.DEFAULT, job);
    new Tenants(ledger.database).set(new TenantId("studio"), 2.0, 5);
    ApiKeys keys = new ApiKeys(ledger.database);
    String key = keys.create(TenantId.DEFAULT, Set.of(Scope.READ), null, "x").key().id();
    keys.revoke(key);
    log.stopped(
        TenantId.DEFAULT,
        "a secret wish",
        FilterDecision.block(FilterStage.PROMPT, "test-1", "other", "no"));
    List<AuditEntry> rows = log.entries(Long.MAX_VALUE, null, null, 100).reversed();
    assertThat(rows.stream().map(AuditEntry::act).dropWhile(act -> !act.startsWith("job.")))
        .containsExactly(
            "job.submitted",
            "job.changed",
            "job.changed",
            "job.cancelled",
            "job.deleted",
            "tenant.set",
            "key.created",
            "key.revoked",
            "prompt.blocked");
    assertThat(log.entries(Long.MAX_VALUE, job.toString(), null, 100)).hasSize(5);
    assertThat(rows.toString())
        .doesNotContain("secret wish")
        .doesNotContain(Ledger.spec().prompt())
        .contains("test-1");
    assertThat(rows.getLast().subject()).matches("[0-9a-f]{64}");
  }

  @Test
  void the_same_prompt_is_the_same_HMAC_within_a_farm_and_that_is_what_RFC_2104_says() {
    assertThat(
            ledger.count(
                """
                SELECT count(*) FROM audit_salt WHERE
                  length(inner_pad) = 64 AND length(outer_pad) = 64
                  AND audit_prompt('a') = audit_prompt('a') AND audit_prompt('a') <> audit_prompt('b')
                  AND get_byte(inner_pad, 63) = 54 AND get_byte(outer_pad, 63) = 92
                  AND get_byte(inner_pad, 0) # 54 = get_byte(outer_pad, 0) # 92
                """))
        .isEqualTo(1);
  }

  @Test
  void a_row_of_a_transaction_that_failed_is_not_there() {
    long before = ledger.count("SELECT count(*) FROM audit_entry");
    assertThatThrownBy(() -> ledger.submit(Ledger.card("x", 2), Ledger.digestOf("nobody's")))
        .isInstanceOf(RuntimeException.class);
    assertThat(ledger.count("SELECT count(*) FROM audit_entry")).isEqualTo(before);
  }

  @Test
  void linked_rows_verify_and_the_head_that_was_kept_is_found_again() {
    IntStream.range(0, 20).forEach(_ -> ledger.submit());
    assertThat(log.verify(null).waiting()).isGreaterThanOrEqualTo(20);
    log.link();
    ChainVerdict first = log.verify(null);
    assertThat(first.faults()).isEmpty();
    assertThat(first.waiting()).isZero();
    assertThat(first.head().number()).isGreaterThanOrEqualTo(20);
    ledger.submit();
    log.link();
    assertThat(log.verify(first.head()).faults()).isEmpty();
    assertThat(log.verify(new ChainHead(first.head().number(), "f".repeat(64))).faults())
        .singleElement()
        .asString()
        .contains("is not in the chain");
  }

  @Test
  void two_that_link_at_once_make_one_chain() {
    IntStream.range(0, 50)
        .parallel()
        .forEach(
            _ -> {
              ledger.submit();
              log.link();
            });
    log.link();
    ChainVerdict verdict = log.verify(null);
    assertThat(verdict.faults()).isEmpty();
    assertThat(verdict.waiting()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE audit_entry SET detail = '{}' WHERE number = 3",
        "UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE number = 3",
        "UPDATE audit_entry SET tenant = 'another' WHERE number = 1",
        "UPDATE audit_entry SET detail = detail || '{\"by\": \"another\"}' WHERE number = 3",
        "DELETE FROM audit_entry WHERE number = 3",
        "DELETE FROM audit_entry WHERE number = (SELECT max(number) FROM audit_entry)",
        "DELETE FROM audit_entry WHERE number > 2",
        "UPDATE audit_entry SET number = number + 1 WHERE number = (SELECT max(number) FROM"
            + " audit_entry)"
      })
  void what_was_changed_or_removed_is_refused_and_found_if_it_was_forced(String forgery) {
    IntStream.range(0, 6).forEach(_ -> ledger.submit());
    log.link();
    assertThatThrownBy(() -> ledger.sql(forgery)).hasStackTraceContaining("only added to");
    ledger.sql("ALTER TABLE audit_entry DISABLE TRIGGER ALL");
    assertThat(ledger.sql(forgery)).isPositive();
    ledger.sql("ALTER TABLE audit_entry ENABLE TRIGGER ALL");
    assertThat(log.verify(null).faults()).isNotEmpty();
  }

  @Test
  void a_row_that_was_put_in_between_is_found() {
    IntStream.range(0, 6).forEach(_ -> ledger.submit());
    log.link();
    ledger.sql("ALTER TABLE audit_entry DISABLE TRIGGER ALL");
    ledger.sql("UPDATE audit_entry SET number = number + 1000 WHERE number >= 3");
    ledger.sql("UPDATE audit_entry SET number = number - 999 WHERE number >= 1000");
    ledger.sql(
        """
        INSERT INTO audit_entry (at, act, subject, detail, number, hash)
        VALUES (now(), 'key.created', 'me', '{}', 3, repeat('a', 64))
        """);
    assertThat(log.verify(null).faults()).isNotEmpty();
  }
}
