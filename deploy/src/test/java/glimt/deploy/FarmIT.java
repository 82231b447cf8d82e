package glimt.deploy;

import static glimt.deploy.Launched.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.node.Client;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.Video;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Tests a farm of real processes with the default models, from its first start to its last. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FarmIT {
  /** The model whose levels are made of many tasks. */
  private static final String TILES = "tiles";

  @TempDir private static Path folder;

  private static Path home;
  private static Launched farm;
  private static final Customer CUSTOMER = new Customer(() -> farm.client());

  /** The result of the job during which everything was killed. */
  private static List<String> disturbed = List.of();

  @BeforeAll
  static void up() {
    home = folder.resolve("home");
    farm = Launched.up(home, "--workers", "2");
  }

  @AfterAll
  static void down() {
    farm.close();
    Launched.processesOf(home).forEach(ProcessHandle::destroyForcibly);
  }

  @Test
  @Order(1)
  void a_prompt_becomes_a_video_that_plays_and_is_what_the_job_says() throws Exception {
    JsonNode job = CUSTOMER.finished(submit("a whale moves left over blue", "mp4", 4));
    Path video = folder.resolve("whale.mp4");
    List<JsonNode> levels = new ArrayList<>();
    job.path("levels").forEach(levels::add);
    assertThat(levels.removeFirst().has("file")).as("a prompt is encoded first").isFalse();
    for (JsonNode level : levels) {
      farm.client().download(media(level), video);
      Frames seen = new Video(Ffmpeg.unpackedIn(home.resolve("cache"))).read(video);
      JsonNode file = level.path("file");
      assertThat(List.of(seen.count(), seen.width(), seen.height()))
          .as("what the job says of " + level.path("name"))
          .containsExactly(
              file.path("frames").asInt(), file.path("width").asInt(), file.path("height").asInt());
    }
    for (String variant : List.of("thumbnail", "spritesheet")) {
      String id = job.path("id").asText();
      Path still = folder.resolve(variant + ".jpg");
      farm.client().download("/v1/videos/" + id + "/content?variant=" + variant, still);
      BufferedImage picture = ImageIO.read(still.toFile());
      assertThat(picture.getWidth()).as(variant).isEqualTo(variant.equals("thumbnail") ? 128 : 640);
    }
  }

  @Test
  @Order(2)
  void a_prompt_becomes_a_point_cloud_that_opens() throws IOException {
    JsonNode job = CUSTOMER.finished(submit("a pine tree", "glb", 4));
    JsonNode levels = job.path("levels");
    Path cloud = folder.resolve("tree.glb");
    farm.client().download(media(levels.get(levels.size() - 1)), cloud);
    ByteBuffer glb = ByteBuffer.wrap(Files.readAllBytes(cloud)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(glb.getInt(0)).as("magic").isEqualTo(0x46546C67);
    assertThat(glb.getInt(4)).as("version").isEqualTo(2);
    assertThat(glb.getInt(8)).as("length").isEqualTo(glb.capacity());
    String json = new String(glb.array(), 20, glb.getInt(12), StandardCharsets.UTF_8);
    assertThat(json).contains("\"POSITION\"").contains("4096");
  }

  @Test
  @Order(3)
  void the_farm_that_runs_generates_for_whoever_asks_on_its_home() {
    Path file = folder.resolve("rocket.gif");
    Launched generate =
        Launched.glimt(
            "generate",
            "a rocket moves up over yellow",
            "-o",
            file.toString(),
            "--home",
            home.toString(),
            "--steps",
            "4",
            "--seed",
            "7");
    assertThat(generate.exit()).as(generate.err()).isZero();
    assertThat(generate.out()).isEqualTo(file + "\n");
    assertThat(file).content(StandardCharsets.ISO_8859_1).startsWith("GIF89a");
    assertThat(generate.err()).contains("picture 100 %").contains("motion 100 %");
  }

  @Test
  @Order(3)
  void a_draft_that_is_gone_on_with_becomes_the_file_that_is_made_at_once() throws IOException {
    List<String> drafts =
        made("generate", "a star", "--drafts", "2", "--seed", "7", "-o", "star.gif")
            .lines()
            .toList();
    assertThat(drafts).hasSize(2);
    String second = folder.resolve("star-2.gif").toString();
    assertThat(drafts.get(1)).startsWith(second + " ");
    made("refine", drafts.get(1).substring(second.length() + 1), "-o", "on.gif");
    made("generate", "a star", "--seed", "8", "-o", "whole.gif");
    assertThat(folder.resolve("on.gif")).hasSameBinaryContentAs(folder.resolve("whole.gif"));
    assertThat(folder.resolve("star-1.gif")).isNotEmptyFile();
  }

  /** Runs a command on this farm that writes a file into the folder, and returns what it prints. */
  private static String made(String... command) {
    List<String> all = new ArrayList<>(List.of(command));
    all.set(all.size() - 1, folder.resolve(all.getLast()).toString());
    all.addAll(List.of("--home", home.toString()));
    Launched run = Launched.glimt(all.toArray(String[]::new));
    assertThat(run.exit()).as(run.err()).isZero();
    return run.out();
  }

  @Test
  @Order(4)
  void what_a_job_cannot_be_is_bad_usage() {
    Launched generate =
        Launched.glimt(
            "generate",
            "a whale",
            "-o",
            folder.resolve("whale.mp4").toString(),
            "--home",
            home.toString(),
            "--frames",
            "7");
    assertThat(generate.exit()).isEqualTo(2);
    assertThat(generate.err()).contains("frames").hasLineCount(1);
  }

  @Test
  @Order(5)
  void a_second_farm_on_the_home_is_told_where_the_first_is() {
    Launched second = Launched.glimt("up", "--home", home.toString(), "--port", "0");
    assertThat(second.exit()).isEqualTo(1);
    assertThat(second.err()).contains(farm.client().farm().toString()).hasLineCount(1);
  }

  @Test
  @Order(6)
  void a_port_in_use_is_told_with_the_way_out() {
    int port = farm.client().farm().getPort();
    Launched second =
        Launched.glimt(
            "up", "--home", folder.resolve("other").toString(), "--port", Integer.toString(port));
    assertThat(second.exit()).isEqualTo(1);
    assertThat(second.err()).contains("port " + port + " is in use").contains("--port");
    assertThat(second.err()).hasLineCount(1);
  }

  @Test
  @Order(7)
  void a_worker_killed_in_mid_job_costs_the_job_nothing() throws IOException {
    String job = submit("a fish moves right over green", 80, TILES);
    kill(busy(job).getFirst());
    JsonNode ended = CUSTOMER.finished(job);
    assertThat(ended.findValuesAsText("outcome")).contains("lost", "succeeded");
    eventually(() -> CUSTOMER.get("/v1/workers").path("workers"), workers -> workers.size() == 2);
  }

  @Test
  @Order(8)
  void everything_killed_in_mid_job_costs_the_job_nothing() throws IOException {
    String job = submitCat();
    busy(job);
    List<ProcessHandle> all = Launched.processesOf(home);
    assertThat(all).as("farm, workers, PostgreSQL").hasSizeGreaterThan(3);
    all.forEach(ProcessHandle::destroyForcibly);
    farm.exit();
    farm = Launched.up(home, "--workers", "2");
    disturbed = Customer.digests(CUSTOMER.finished(job));
  }

  @Test
  @Order(9)
  void one_worker_two_or_four_make_the_same_bytes_killed_or_not() throws IOException {
    List<String> undisturbed = Customer.digests(CUSTOMER.finished(submitCat()));
    assertThat(undisturbed).hasSizeGreaterThan(3).isEqualTo(disturbed);
    for (String workers : List.of("1", "4")) {
      farm.terminate();
      farm.exit();
      farm = Launched.up(home, "--workers", workers);
      String job = submitCat();
      kill(busy(job).getFirst());
      assertThat(Customer.digests(CUSTOMER.finished(job)))
          .as(workers + " workers")
          .isEqualTo(undisturbed);
    }
  }

  @Test
  @Order(10)
  void told_to_stop_it_leaves_no_process_behind() {
    List<ProcessHandle> all = Launched.processesOf(home);
    assertThat(all).hasSizeGreaterThan(3);
    farm.terminate();
    farm.exit();
    assertThat(all.stream().filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(Launched.processesOf(home)).isEmpty();
    assertThat(farm.err().lines())
        .as("nothing on standard error but how its workers start")
        .allMatch(
            line -> line.matches("glimt: workers are starting \\(. of 4 ready\\)|.*all 4 .*"));
    assertThat(farm.out()).as("one line on standard output").hasLineCount(1);
  }

  @Test
  @Order(11)
  void without_a_farm_generate_starts_one_for_itself_and_stops_it() {
    Path file = folder.resolve("tree.ply");
    Launched generate =
        Launched.glimt(
            "generate",
            "a pine tree",
            "-o",
            file.toString(),
            "--home",
            home.toString(),
            "--steps",
            "4");
    assertThat(generate.exit()).as(generate.err()).isZero();
    assertThat(file).content(StandardCharsets.ISO_8859_1).startsWith("ply\n");
    assertThat(Launched.processesOf(home)).isEmpty();
  }

  // ---- what a client does

  private static String submit(String prompt, String format, int steps) throws IOException {
    ObjectNode wish = Client.object();
    wish.put("kind", format.equals("glb") ? "points" : "video");
    wish.put("prompt", prompt).put("format", format).put("steps", steps).put("seed", 7);
    return farm.client().post("/v1/jobs", wish).path("id").asText();
  }

  private static String submit(String prompt, int steps, String model) throws IOException {
    ObjectNode wish = Client.object();
    wish.put("kind", "video").put("prompt", prompt).put("format", "mp4");
    wish.put("steps", steps).put("seed", 7).put("model", model);
    return farm.client().post("/v1/jobs", wish).path("id").asText();
  }

  private static String submitCat() throws IOException {
    return submit("a cat moves down over red", 80, TILES);
  }

  /** The workers that have done at least one step of a task of the job. */
  private static List<JsonNode> busy(String job) {
    return eventually(
        () -> busyWith(job, CUSTOMER.get("/v1/workers")), workers -> !workers.isEmpty());
  }

  private static void kill(JsonNode worker) {
    ProcessHandle.of(worker.path("pid").asLong()).orElseThrow().destroyForcibly();
  }

  private static List<JsonNode> busyWith(String job, JsonNode workers) {
    List<JsonNode> busy = new ArrayList<>();
    for (JsonNode worker : workers.path("workers")) {
      JsonNode task = worker.path("task");
      if (task.path("job").asText().equals(job) && task.path("step").asInt() > 0) {
        busy.add(worker);
      }
    }
    return busy;
  }

  private static String media(JsonNode level) {
    for (JsonNode artifact : level.path("artifacts")) {
      if (artifact.path("role").asText().equals("media")) {
        return artifact.path("href").asText();
      }
    }
    throw new AssertionError("no media: " + level);
  }
}
