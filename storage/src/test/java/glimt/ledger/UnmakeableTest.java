package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.ArtifactId;
import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.model.BundleCard;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UnmakeableTest {
  private static final ArtifactId MINE = Ledger.digestOf("mine");
  private static final BundleCard CARD = Ledger.card("mine", 3);

  @Test
  void what_is_offered_is_what_a_living_worker_has_or_a_living_node_brings() {
    try (Ledger ledger = Ledger.fresh()) {
      Nodes nodes = new Nodes(ledger.database);
      ledger.bundles.offer(MINE, CARD);
      assertThat(standings(ledger)).as("no node is registered").containsOnly("COMING");
      nodes.pulse(node("here", 1));
      assertThat(standings(ledger))
          .as("a node without bundles has registered")
          .containsOnly("GONE");
      ledger.bundles.offer(ledger.digest, ledger.card);
      assertThat(standings(ledger))
          .as("the node offers one bundle")
          .containsExactly("GONE", "COMING");
      ledger.claim("one", 1);
      assertThat(standings(ledger)).as("its worker has it").containsExactly("GONE", "HERE");
      ledger.tasks.claim(Ledger.worker("two", Map.of("mine", MINE)), "here", 1);
      assertThat(standings(ledger)).as("another worker has the other bundle").containsOnly("HERE");
      ledger.tasks.lose(new WorkerId("two"));
      assertThat(standings(ledger)).as("that worker is gone").containsExactly("GONE", "HERE");
    }
  }

  @Test
  void a_job_that_no_worker_can_do_fails_after_a_while_and_says_why() {
    try (Ledger ledger = Ledger.fresh()) {
      ledger.bundles.offer(MINE, CARD);
      JobId job =
          ledger
              .jobs
              .submit(
                  NewJob.of(TenantId.DEFAULT, Ledger.spec(), MINE, Plan.of(Ledger.spec(), CARD)))
              .orElseThrow()
              .id();
      Duration patience = Duration.ofMinutes(2);
      Unmakeable unmakeable = new Unmakeable(ledger.database, patience);
      long t = 0;
      assertThat(unmakeable.failOverdue(t)).isEmpty();
      t += patience.toNanos();
      assertThat(unmakeable.failOverdue(t)).as("there are no workers at all").isEmpty();

      ledger.claim("one", 1); // has another bundle
      assertThat(unmakeable.failOverdue(t)).as("missing for the first time").isEmpty();
      t += patience.toNanos() - 1;
      assertThat(unmakeable.failOverdue(t)).as("not yet").isEmpty();
      ledger.tasks.claim(Ledger.worker("two", Map.of("mine", MINE)), "here", 0);
      t += 1;
      assertThat(unmakeable.failOverdue(t)).as("a worker with the bundle has come").isEmpty();
      ledger.tasks.lose(new WorkerId("two"));
      assertThat(unmakeable.failOverdue(t))
          .as("that worker has gone, and the wait starts anew")
          .isEmpty();
      t += patience.toNanos();
      assertThat(unmakeable.failOverdue(t)).containsExactly(job);

      var seen = ledger.jobs.find(TenantId.DEFAULT, job).orElseThrow();
      assertThat(seen.state()).isEqualTo(JobState.FAILED);
      assertThat(seen.fault()).isEqualTo(Fault.INVALID);
      assertThat(seen.why()).contains("model mine").contains("120 seconds");
      assertThat(unmakeable.failOverdue(t)).isEmpty();
    }
  }

  @Test
  void a_job_that_needs_more_memory_than_any_worker_has_fails_and_those_that_fit_stay() {
    try (Ledger ledger = Ledger.fresh()) {
      JobId fits = ledger.submit();
      Plan large = Ledger.needing(Plan.of(Ledger.spec(), ledger.card), 1L << 30);
      JobId job =
          ledger
              .jobs
              .submit(NewJob.of(TenantId.DEFAULT, Ledger.spec(), ledger.digest, large))
              .orElseThrow()
              .id();
      WorkerCard small =
          Ledger.worker("small", Map.of(ledger.card.name(), ledger.digest), 64L << 20);
      ledger.tasks.claim(small, "here", 0);
      Duration patience = Duration.ofMinutes(2);
      Unmakeable unmakeable = new Unmakeable(ledger.database, patience);
      assertThat(unmakeable.failOverdue(0)).as("for the first time").isEmpty();
      assertThat(unmakeable.failOverdue(patience.toNanos())).containsExactly(job);
      assertThat(ledger.jobs.find(TenantId.DEFAULT, job).orElseThrow().why())
          .contains("need 1,024 MB", "room for 64 MB", "add a larger worker");
      assertThat(ledger.jobs.find(TenantId.DEFAULT, fits).orElseThrow().state())
          .isEqualTo(JobState.QUEUED);
    }
  }

  private static List<String> standings(Ledger ledger) {
    return ledger.bundles.offers().stream().map(offer -> offer.standing().name()).toList();
  }

  private static Nodes.Self node(String name, long pid) {
    return new Nodes.Self("pekko://glimt@" + name, name, List.of(), "1", pid, 0, Optional.empty());
  }
}
