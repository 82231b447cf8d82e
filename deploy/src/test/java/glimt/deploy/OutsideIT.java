package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.node.Client;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests a farm on a machine with an unusual language, digits, time zone and folder names. */
class OutsideIT {
  /**
   * Digits are Persian, upper-casing turns i into İ, and PostgreSQL does not know the time zone.
   */
  private static final Map<String, String> ELSEWHERE =
      Map.of(
          "JAVA_TOOL_OPTIONS",
          "-Duser.language=tr -Duser.country=TR -Duser.extensions=u-nu-arabext",
          "TZ",
          "IST",
          "LC_ALL",
          "C",
          "PGDATESTYLE",
          "nonsense",
          "PGPORT",
          "1");

  @TempDir private static Path folder;

  private static Path home;
  private static Launched farm;

  @BeforeAll
  static void start() throws IOException {
    home =
        Files.createDirectory(folder.resolve("100% $(touch executed) \"snø\" \\ '#?;&"))
            .resolve("home");
    farm = Launched.up(ELSEWHERE, home, "--workers", "1");
  }

  @AfterAll
  static void stop() {
    farm.close();
    assertThat(Launched.processesOf(home)).isEmpty();
  }

  @Test
  void the_same_job_makes_the_same_file_as_anywhere() throws Exception {
    Path signer = home.resolve("artifacts").resolve("signer");
    try (Launched plain =
        Launched.up(folder.resolve("plain"), "--workers", "1", "--signer", signer.toString())) {
      assertThat(plain.out()).startsWith("glimt is ready at http://127.0.0.1:");
      for (String ending : List.of("glb", "ply", "gif")) {
        Path here = folder.resolve("here." + ending);
        Path there = folder.resolve("there." + ending);
        make(Map.of(), folder.resolve("plain"), "a pine tree", here);
        make(ELSEWHERE, home, "a pine tree", there);
        assertThat(sha256(there)).as(ending).isEqualTo(sha256(here));
      }
    }
    assertThat(folder.resolve("executed")).doesNotExist();
  }

  @Test
  void a_prompt_is_what_was_typed() throws IOException {
    Path here = Files.createDirectory(folder.resolve("here"));
    Files.writeString(here.resolve("notes"), "--seed 1\n\"secret words\"\n");
    for (String prompt :
        List.of(
            "@notes",
            "snø 雪 👩\u200d🚀",
            "${sys:user.name} $HOME %s",
            "\"quoted\" 'x'",
            "-1",
            "--")) {
      Launched made = generate(ELSEWHERE, home, here, prompt, here.resolve("a.ply"));
      assertThat(made.exit()).as(made.err()).isZero();
      JsonNode job = farm.client().get("/v1/jobs?limit=1").path("jobs").path(0);
      assertThat(job.path("prompt").asText()).isEqualTo(prompt);
    }
    Path file = Files.writeString(here.resolve("prompt.txt"), "a snøwy tree\n");
    Launched made =
        Launched.glimt(
            ELSEWHERE,
            here,
            "generate",
            "--prompt-file",
            file.toString(),
            "-o",
            "b.ply",
            "--points",
            "1024",
            "--home",
            home.toString());
    assertThat(made.exit()).as(made.err()).isZero();
    assertThat(farm.client().get("/v1/jobs?limit=1").path("jobs").path(0).path("prompt").asText())
        .isEqualTo("a snøwy tree");
  }

  @Test
  void a_job_is_one_line_whatever_its_prompt_holds() throws IOException {
    farm.client()
        .post(
            "/v1/jobs",
            Client.object()
                .put("kind", "points")
                .put("points", 1024)
                .put("prompt", "tree\nforged  succeeded 100 %  \u202egnp.exe"));
    Launched jobs = Launched.glimt("jobs", "--home", home.toString());
    assertThat(jobs.exit()).as(jobs.err()).isZero();
    assertThat(jobs.out())
        .contains("tree\\nforged  succeeded 100 %  \\u{202e}gnp.exe")
        .doesNotContain("\u202e");
    assertThat(jobs.out().lines()).allMatch(line -> line.matches("[0-9a-f-]{36}  .*"));
  }

  @Test
  void what_is_not_UTF_8_is_refused_and_never_guessed() throws Exception {
    Process latin =
        new ProcessBuilder(
                "sh",
                "-c",
                "exec \"$0\" generate \"$(printf 'sn\\370')\" -o a.ply --home \"$1\"",
                Path.of("glimt").toAbsolutePath().toString(),
                home.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String said =
        new String(latin.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(latin.waitFor()).isEqualTo(2);
    assertThat(said).hasLineCount(1).contains("argument 2 is not valid UTF-8");
    Path file = Files.write(folder.resolve("latin.txt"), new byte[] {'s', 'n', (byte) 0xf8});
    Launched made =
        Launched.glimt(
            "generate", "--prompt-file", file.toString(), "-o", "a.ply", "--home", home.toString());
    assertThat(made.exit()).isEqualTo(2);
    assertThat(made.err()).contains("latin.txt is not valid UTF-8");
  }

  @Test
  void a_bundle_that_was_removed_is_offered_no_more() throws IOException {
    Path at = folder.resolve("removing");
    Path mine = at.resolve("models/mine");
    copy(Path.of("../workers/models/objects"), mine);
    Path card = mine.resolve("bundle.json");
    Files.writeString(
        card,
        Files.readString(card).replaceFirst("\"name\" *: *\"objects\"", "\"name\": \"a-mine\""));
    ObjectNode wish = Client.object().put("kind", "points").put("prompt", "a tree");
    try (Launched with = Launched.up(at, "--workers", "1")) {
      assertThat(with.client().post("/v1/jobs", wish).path("model").asText()).isEqualTo("a-mine");
      with.terminate();
      assertThat(with.exit()).isZero();
    }
    try (Stream<Path> files = Files.walk(mine)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    try (Launched without = Launched.up(at, "--workers", "1")) {
      Launched models = Launched.glimt("models", "--home", at.toString());
      assertThat(models.exit()).isZero();
      assertThat(models.out().lines())
          .anyMatch(line -> line.matches("a-mine +points +gone .*"))
          .anyMatch(line -> line.matches("objects +points +(here|coming) .*"));
      Client client = without.client();
      assertThat(client.post("/v1/jobs", wish).path("model").asText()).isEqualTo("objects");
      JsonNode named = wish.deepCopy().put("model", "a-mine");
      assertThatThrownBy(() -> client.post("/v1/jobs", named))
          .isInstanceOf(Client.Refused.class)
          .hasMessageContaining("no worker has it now")
          .hasMessageContaining("[objects]");
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static void make(Map<String, String> environment, Path home, String prompt, Path file) {
    Launched made = generate(environment, home, folder, prompt, file);
    assertThat(made.exit()).as(made.err()).isZero();
  }

  private static Launched generate(
      Map<String, String> environment, Path home, Path in, String prompt, Path file) {
    List<String> arguments =
        new ArrayList<>(
            List.of("generate", "--home", home.toString(), "--seed", "7", "--steps", "4"));
    arguments.addAll(List.of("-o", file.toString()));
    if (!file.toString().endsWith("gif")) {
      arguments.addAll(List.of("--points", "1024"));
    }
    arguments.addAll(List.of("--", prompt));
    return Launched.glimt(environment, in, arguments.toArray(String[]::new));
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }
}
