package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.Work;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.json.Json;
import glimt.model.Kind;
import glimt.model.Schedule;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

/**
 * A farm keeps its jobs when it is upgraded. The rows come from a real farm of the previous
 * release, which was killed while it made two clouds and a clip: one trajectory was at step 110 of
 * 1,000, one clip was at its third level, and two clouds waited.
 */
class UpgradeTest {
  private static final String TABLES =
      "bundle job task task_edge attempt artifact product event worker late_word";

  @Test
  void the_jobs_of_the_release_before_are_read_and_go_on_to_their_ends() throws Exception {
    String url = Ledger.freshUrl();
    JsonNode rows = asItWas(url);
    try (Database database = Ledger.open(url)) {
      Jobs jobs = new Jobs(database);
      Tasks tasks = new Tasks(database, Ledger.TERMS);
      List<JobId> ids = new ArrayList<>();
      rows.get("job").forEach(job -> ids.add(new JobId(UUID.fromString(job.get("id").asText()))));
      assertThat(ids).hasSize(4);
      JobView clip = view(jobs, ids.get(1));
      assertThat(clip.spec().prompt()).isEqualTo("a whale moves left over blue");
      assertThat(clip.levels())
          .extracting(JobView.LevelView::name)
          .containsExactly("base", "temporal", "spatial", "detail");
      assertThat(clip.levels().getFirst().state()).isEqualTo(JobState.SUCCEEDED);

      Bundles bundles = new Bundles(database);
      List<ArtifactId> old = new ArrayList<>();
      rows.get("bundle").forEach(row -> old.add(new ArtifactId(row.get("digest").asText())));
      assertThat(old).allSatisfy(digest -> assertThat(bundles.byDigest(digest)).isPresent());

      // The workers of the killed farm have been silent for long.
      database.transact(
          "test",
          session ->
              session.update(
                  "UPDATE task SET lease_until = now() - interval '1 hour' WHERE state = 'running'"));
      tasks.expire();
      String numericClass = rows.at("/worker/0/numeric_class").asText();
      WorkerCard worker =
          new WorkerCard(
              new WorkerId("upgraded"),
              1,
              "cpu",
              numericClass,
              Map.of("objects", Ledger.digestOf("today's objects")),
              old,
              Long.MAX_VALUE,
              List.of());
      List<Task> done = new ArrayList<>();
      for (List<Task> claimed = tasks.claim(worker, "here", 8);
          !claimed.isEmpty();
          claimed = tasks.claim(worker, "here", 8)) {
        for (Task task : claimed) {
          done.add(task);
          tasks.end(task.lease(), Ledger.success(task), Ledger.EFFORT);
        }
      }
      assertThat(ids)
          .allSatisfy(id -> assertThat(view(jobs, id).state()).isEqualTo(JobState.SUCCEEDED));
      Task resumed = done.getFirst();
      assertThat(resumed.checkpoint()).isPresent();
      assertThat(((Work.Sample) resumed.work()).sampling().schedule())
          .isInstanceOf(Schedule.Karras.class);
      assertThat(done)
          .filteredOn(
              task -> task.work() instanceof Work.Sample sample && sample.level().equals("dense"))
          .isNotEmpty()
          .allSatisfy(task -> assertThat(task.inputs("below")).hasSize(1));
      assertThat(done)
          .filteredOn(task -> task.work() instanceof Work.Assemble)
          .isNotEmpty()
          .allSatisfy(
              task -> {
                assertThat(task.inputs("piece")).isNotEmpty();
                // The previous release enlarged clips to 256 pixels, and clouds not at all.
                boolean cloud = task.spec().kind() == Kind.POINTS;
                assertThat(((Work.Assemble) task.work()).enlargement())
                    .isEqualTo(cloud ? 1 : task.work().level().equals("detail") ? 2 : 4);
              });
    }
  }

  private static JobView view(Jobs jobs, JobId id) {
    return jobs.find(TenantId.DEFAULT, id).orElseThrow();
  }

  /** Fills a database with the rows of the previous release, under its schema. */
  private static JsonNode asItWas(String url) throws Exception {
    String user = Ledger.server().user();
    String password = Ledger.server().password();
    Flyway.configure().dataSource(url, user, password).target("10").load().migrate();
    try (InputStream file =
            Objects.requireNonNull(
                UpgradeTest.class.getResourceAsStream("/upgrade/ledger-10.json"));
        Connection connection = DriverManager.getConnection(url, user, password)) {
      JsonNode rows = Json.mapper().readTree(file);
      for (String table : TABLES.split(" ", -1)) {
        try (var statement =
            connection.prepareStatement(
                "INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(null::%s, ?::json)"
                    .formatted(table, table))) {
          statement.setString(1, rows.get(table).toString());
          statement.executeUpdate();
        }
      }
      return rows;
    }
  }
}
