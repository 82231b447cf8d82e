package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.ledger.Nodes.Self;
import glimt.storage.StorageException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodesTest {
  private static final Duration WHILE = Duration.ofMinutes(1);

  @TempDir private Path folder;

  private static Self node(int number) {
    return new Self(
        "pekko://glimt@127.0.0.1:" + number,
        "node-" + number,
        List.of("coordinator"),
        "1",
        number,
        0,
        Optional.empty());
  }

  @Test
  void of_many_that_begin_at_once_one_is_the_first() throws Exception {
    try (Ledger ledger = Ledger.fresh();
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      Nodes nodes = new Nodes(ledger.database);
      List<Callable<Boolean>> all = new ArrayList<>();
      for (int number = 1; number <= 8; number++) {
        Self self = node(number);
        all.add(() -> nodes.begin(self, Set.of()));
      }
      int first = 0;
      for (Future<Boolean> begun : threads.invokeAll(all)) {
        first += begun.get() ? 1 : 0;
      }
      assertThat(first).isEqualTo(1);
      assertThat(nodes.list()).hasSize(1);
    }
  }

  @Test
  void whoever_finds_all_others_gone_is_the_first_again() {
    try (Ledger ledger = Ledger.fresh()) {
      Nodes nodes = new Nodes(ledger.database);
      assertThat(nodes.begin(node(1), Set.of())).isTrue();
      nodes.pulse(node(2));
      assertThat(nodes.begin(node(3), Set.of(node(1).address())))
          .as("node 2 is registered")
          .isFalse();
      assertThat(nodes.begin(node(3), Set.of(node(2).address()))).isTrue();
      assertThat(nodes.list()).extracting(Nodes.NodeStatus::node).containsExactly(node(3));
    }
  }

  @Test
  void a_node_tells_of_itself_until_it_is_forgotten() {
    try (Ledger ledger = Ledger.fresh()) {
      Nodes nodes = new Nodes(ledger.database);
      nodes.pulse(node(1));
      nodes.pulse(node(2));
      ledger.sql("UPDATE node SET pulse = pulse - interval '1 min' WHERE pid = 1");
      assertThat(nodes.list().getFirst().silent()).isGreaterThan(Duration.ofSeconds(59));
      assertThat(nodes.list()).extracting(Nodes.NodeStatus::lives).containsExactly(false, true);
      Self serving =
          new Self(
              node(1).address(),
              "node-1",
              List.of("gateway"),
              "1",
              1,
              2,
              Optional.of(URI.create("http://127.0.0.1:1")));
      nodes.pulse(serving);
      Nodes.NodeStatus seen = nodes.list().getFirst();
      assertThat(seen.node()).isEqualTo(serving);
      assertThat(seen.silent()).isLessThan(Duration.ofMinutes(1));
      ledger.sql("UPDATE node SET pulse = pulse - interval '1 h' WHERE pid = 1");
      nodes.pulse(node(2));
      assertThat(nodes.list()).as("node 1 has been dead for long").hasSize(1);
      nodes.pulse(serving);
      nodes.forget(serving.address());
      assertThat(nodes.list()).extracting(Nodes.NodeStatus::node).containsExactly(node(2));
    }
  }

  @Test
  void of_two_sides_of_a_cluster_the_first_goes_on_and_whoever_it_keeps() {
    try (Ledger ledger = Ledger.fresh()) {
      Nodes nodes = new Nodes(ledger.database);
      assertThat(nodes.mayGoOn("a", List.of("a", "b"), WHILE)).isTrue();
      assertThat(nodes.mayGoOn("c", List.of("c"), WHILE)).isFalse();
      assertThat(nodes.mayGoOn("b", List.of("b"), WHILE)).as("a has died since").isTrue();
      assertThat(nodes.mayGoOn("a", List.of("a"), WHILE)).as("a is not on b's side").isFalse();
      ledger.sql("UPDATE survivors SET until = clock_timestamp() - interval '1 ms'");
      assertThat(nodes.mayGoOn("c", List.of("c"), WHILE)).as("after the decision expired").isTrue();
    }
  }

  @Test
  void every_database_is_a_farm_of_its_own() {
    try (Ledger one = Ledger.fresh();
        Ledger other = Ledger.fresh()) {
      UUID farm = new Nodes(one.database).farm();
      assertThat(new Nodes(one.database).farm()).isEqualTo(farm);
      assertThat(new Nodes(other.database).farm()).isNotEqualTo(farm);
    }
  }

  @Test
  void the_folder_of_the_artifacts_is_marked_once_and_no_other_will_do() throws IOException {
    try (Ledger ledger = Ledger.fresh()) {
      UUID farm = new Nodes(ledger.database).farm();
      FarmFolder.check(ledger.database, farm, folder);
      FarmFolder.check(ledger.database, farm, folder);
      assertThat(folder.resolve("farm")).hasContent(farm.toString());

      Path empty = Files.createDirectory(folder.resolve("empty"));
      assertThatThrownBy(() -> FarmFolder.check(ledger.database, farm, empty))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining(empty.toString())
          .hasMessageContaining("not the farm's");
      assertThat(empty).isEmptyDirectory();

      Path missing = folder.resolve("missing");
      assertThatThrownBy(() -> FarmFolder.check(ledger.database, farm, missing))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("does not exist");
    }
  }

  @Test
  void the_folder_of_another_farm_is_refused() {
    try (Ledger one = Ledger.fresh();
        Ledger other = Ledger.fresh()) {
      UUID theirs = new Nodes(one.database).farm();
      UUID ours = new Nodes(other.database).farm();
      FarmFolder.check(one.database, theirs, folder);
      assertThatThrownBy(() -> FarmFolder.check(other.database, ours, folder))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining(theirs.toString())
          .hasMessageContaining(ours.toString());
    }
  }

  @Test
  void a_database_of_a_newer_glimt_is_refused() {
    String url = Ledger.freshUrl();
    try (Database database = Ledger.open(url)) {
      database.transact(
          "come from the future",
          session ->
              session.update(
                  """
                  INSERT INTO flyway_schema_history
                  SELECT 99, '999', 'from the future', type, 'V999__later.sql', 1, installed_by,
                         installed_on, 1, true
                  FROM flyway_schema_history WHERE installed_rank = 1
                  """));
    }
    assertThatThrownBy(() -> Ledger.open(url))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("newer glimt")
        .hasMessageContaining("999");
  }

  @Test
  void whoever_cannot_be_reached_is_named_without_a_password() {
    DatabaseAddress address =
        new DatabaseAddress("jdbc:postgresql://127.0.0.1:1/glimt?password=secret", "u", "hidden");
    assertThat(address.host()).isEqualTo("127.0.0.1:1");
    assertThat(address.toString()).doesNotContain("secret").doesNotContain("hidden");
    assertThatThrownBy(() -> address.open(Duration.ofMillis(1)))
        .isInstanceOf(StorageException.class)
        .hasStackTraceContaining("127.0.0.1:1")
        .satisfies(e -> assertThat(e).message().doesNotContain("secret"));
  }
}
