package glimt.deploy;

import static glimt.deploy.Launched.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Node.NodeRole;
import glimt.deploy.fleet.Fleet;
import glimt.deploy.node.Client;
import glimt.deploy.node.Home;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Tests a farm of several node processes, and which failures it survives. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterIT {
  @TempDir private static Path folder;

  private static final Customer CUSTOMER = new Customer(ClusterIT::client);

  private static Path home;
  private static Fleet fleet;

  @BeforeAll
  static void up() {
    home = folder.resolve("home");
    fleet = Fleet.on(Home.open(home));
    Launched up = farm("up", "--coordinators", "2", "--workers", "2", "--gateways", "1");
    assertThat(up.exit()).as(up.err()).isZero();
    assertThat(up.out()).hasLineCount(5).contains("gateway-1 is ready at http://127.0.0.1:");
  }

  @AfterAll
  static void down() {
    farm("down").exit();
    Launched.processesOf(home).forEach(ProcessHandle::destroyForcibly);
  }

  @Test
  @Order(1)
  void every_node_knows_the_others() {
    JsonNode nodes =
        eventually(() -> CUSTOMER.get("/v1/nodes").path("nodes"), seen -> seen.size() == 5);
    assertThat(nodes.findValuesAsText("name"))
        .containsExactlyInAnyOrder(
            "coordinator-1", "coordinator-2", "gateway-1", "worker-1", "worker-2");
    eventually(() -> CUSTOMER.get("/v1/workers").path("workers"), workers -> workers.size() == 2);
    Launched ps = farm("ps");
    assertThat(ps.exit()).isZero();
    assertThat(ps.out()).hasLineCount(9).contains("postgres").contains("worker-2/0");
  }

  @Test
  @Order(2)
  void one_node_of_each_role_is_killed_and_the_bytes_are_the_same() {
    String job = submit("a fish moves right over green", 200);
    awaitWorkOn(job);
    List<String> names = List.of("coordinator-1", "worker-1", "gateway-1");
    names.forEach(name -> assertThat(farm("kill", "-9", name).exit()).isZero());
    startAgain(names);
    List<String> disturbed = Customer.digests(CUSTOMER.finished(job));
    JsonNode undisturbed = CUSTOMER.finished(submit("a fish moves right over green", 200));
    assertThat(disturbed).isNotEmpty().isEqualTo(Customer.digests(undisturbed));
  }

  @Test
  @Order(3)
  void a_worker_told_to_stop_hands_back_what_it_does_and_exits_with_0() {
    // It must last until the command below has started.
    String job = submit("a cat moves down over red", 400);
    long slot = awaitWorkOn(job).path("pid").asLong();
    Fleet.Member node =
        fleet.members().stream()
            .filter(one -> one.slots().stream().anyMatch(process -> process.pid() == slot))
            .findFirst()
            .orElseThrow();
    assertThat(farm("kill", node.name()).exit()).isZero();
    node.process().ifPresent(Fleet::awaitEnd);
    assertThat(fleet.find(node.name()).process()).isEmpty();
    assertThat(ProcessHandle.of(slot)).isEmpty();
    JsonNode ended = CUSTOMER.finished(job);
    assertThat(ended.findValuesAsText("outcome")).contains("yielded").doesNotContain("lost");
    assertThat(farm("start", node.name()).exit()).isZero();
  }

  @Test
  @Order(4)
  void all_coordinators_are_killed_and_the_next_know_all_from_the_database() {
    String job = submit("a rocket moves up over yellow", 100);
    awaitWorkOn(job);
    List<String> both = List.of("coordinator-1", "coordinator-2");
    both.forEach(
        name ->
            fleet.find(name).process().ifPresent(one -> Fleet.signal(one, Fleet.UnixSignal.KILL)));
    both.forEach(name -> fleet.find(name).process().ifPresent(Fleet::awaitEnd));
    startAgain(both);
    CUSTOMER.finished(job);
  }

  @Test
  @Order(5)
  void whoever_does_not_belong_is_refused_in_one_line() throws IOException {
    Path other = Files.createDirectories(folder.resolve("other"));
    assertRefused("not the farm's", node(other.toString()));
    assertRefused("does not exist", node(folder.resolve("missing").toString()));
    Launched up = Launched.glimt("up", "--home", home.toString(), "--port", "0");
    assertThat(up.exit()).isEqualTo(1);
    assertThat(up.err()).contains("several nodes").hasLineCount(1);
  }

  @Test
  @Order(6)
  void taken_down_it_leaves_no_process_behind() {
    Launched down = farm("down");
    assertThat(down.exit()).as(down.err()).isZero();
    assertThat(Launched.processesOf(home)).isEmpty();
    assertThat(fleet.runs()).isFalse();
  }

  // ---- commands

  private static Launched farm(String... arguments) {
    List<String> all = new ArrayList<>(List.of("farm"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--home", home.toString()));
    return Launched.glimt(all.toArray(String[]::new));
  }

  private static void startAgain(List<String> names) {
    List<Launched> starts = names.stream().map(name -> farm("start", name)).toList();
    starts.forEach(start -> assertThat(start.exit()).as(start.err()).isZero());
  }

  /** Starts another coordinator, with a folder of artifacts of its own. */
  private static String node(String artifacts) {
    String name = "stranger";
    fleet.add(name, NodeRole.COORDINATOR, List.of("--artifacts", artifacts));
    fleet.find(name).process().ifPresent(Fleet::awaitEnd);
    String said = fleet.said(name);
    fleet.remove(name);
    return said;
  }

  private static void assertRefused(String why, String said) {
    assertThat(said).startsWith("glimt: ").contains(why).hasLineCount(1);
  }

  private static String submit(String prompt, int steps) {
    ObjectNode wish = Client.object();
    wish.put("kind", "video").put("prompt", prompt).put("format", "mp4");
    wish.put("steps", steps).put("seed", 7).put("model", "tiles"); // many tasks
    try {
      return client().post("/v1/jobs", wish).path("id").asText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until a worker is working on a job, and returns its node. */
  private static JsonNode awaitWorkOn(String job) {
    return eventually(
            () ->
                CUSTOMER
                    .get("/v1/workers")
                    .path("workers")
                    .valueStream()
                    .filter(isIn(job))
                    .findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  private static Predicate<JsonNode> isIn(String job) {
    return worker ->
        worker.path("task").path("job").asText().equals(job)
            && worker.path("task").path("step").asInt() > 10;
  }

  private static Client client() {
    // A node that was just restarted takes a while to join.
    return new Client(eventually(fleet::gateway, Optional::isPresent).orElseThrow());
  }
}
