package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the program's messages about wrong usage, and its help. */
class UsageIT {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "generate | Missing required",
        "generate -o whale.mp4 | either a PROMPT or a --prompt-file",
        "generate whale --prompt-file x -o whale.mp4 | either a PROMPT or a --prompt-file",
        "generate --prompt-file /nowhere -o whale.mp4 | /nowhere does not exist",
        "up --jdbc-url mysql://x/y | --jdbc-url must name a database as",
        "up --jdbc-url postgresql://x/y?target_session_attrs=any | target_session_attrs",
        "generate whale | Missing required",
        "generate whale -o whale.exe | unknown format 'exe'",
        "generate whale -o whale | is not a known format",
        "generate whale -o whale.mp4 --seed banana | 'banana' is not a long",
        "up --port banana | 'banana' is not an int",
        "up --port 70000 | 0 to 65535",
        "up --public-url farm.example | a public URL must look like https://farm.example/glimt/",
        "up --public-url ftp://farm.example | a public URL must look like",
        "node --roles gateway --jdbc-url jdbc:postgresql://x/y --trust-proxy nginx | by its IP address",
        "up --workers -1 | --workers must be",
        "node --roles dancer --jdbc-url jdbc:postgresql://127.0.0.1:1/x | no role 'dancer'",
        "node --roles gateway | GLIMT_JDBC_URL must name the farm's database",
        "node --jdbc-url jdbc:postgresql://127.0.0.1:1/x | Missing required",
        "node --roles gateway --jdbc-url jdbc:postgresql://x/y --host 192.0.2.1 | need TLS",
        "node --roles gateway --jdbc-url jdbc:postgresql://x/y --http-host 0.0.0.0 | needs a key",
        "node --roles gateway --jdbc-url jdbc:postgresql://x/y --tls nowhere | --tls: nowhere/node.key does not exist",
        "farm | up, ps, kill",
        "farm up --workers 99 | 0 to 32",
        "up --precision fp8 | must be fp32, bf16 or fp16",
        "up --step-limit 5 | 11 to 3600",
        "dance | Unmatched argument"
      })
  void bad_usage_is_told_and_exits_with_2(String arguments, String said) {
    Launched glimt = Launched.glimt(arguments.split(" "));
    assertThat(glimt.exit()).isEqualTo(2);
    assertThat(glimt.err()).contains(said);
    assertThat(glimt.out()).isEmpty();
  }

  @Test
  void a_database_that_does_not_answer_is_named_without_its_password() {
    Launched node =
        Launched.glimt(
            "node",
            "--home",
            folder.resolve("home").toString(),
            "--roles",
            "coordinator",
            "--jdbc-url",
            "jdbc:postgresql://127.0.0.1:1/glimt?user=glimt&password=secret");
    assertThat(node.exit()).isEqualTo(1);
    assertThat(node.err()).contains("127.0.0.1:1").contains("refused").hasLineCount(1);
    assertThat(node.err()).doesNotContain("secret");
  }

  @Test
  void help_helps() {
    for (String command :
        List.of(
            "up",
            "node",
            "farm",
            "generate",
            "train",
            "eval",
            "bench",
            "models",
            "nodes",
            "jobs")) {
      Launched glimt = Launched.glimt(command, "--help");
      assertThat(glimt.exit()).isZero();
      assertThat(glimt.out())
          .contains("Usage: glimt " + command, "-h, --help")
          .doesNotContain("${");
    }
  }

  @Test
  void a_home_that_cannot_be_made_is_named() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    Launched glimt = Launched.glimt("up", "--home", file.resolve("home").toString());
    assertThat(glimt.exit()).isEqualTo(1);
    assertThat(glimt.err()).contains(file.toString()).contains("--home").hasLineCount(1);
  }

  @Test
  void nothing_is_generated_for_a_folder_that_is_not_there() {
    Launched glimt =
        Launched.glimt(
            "generate",
            "a whale",
            "-o",
            folder.resolve("nowhere/whale.mp4").toString(),
            "--home",
            folder.resolve("home").toString());
    assertThat(glimt.exit()).isEqualTo(1);
    assertThat(glimt.err()).contains("nowhere does not exist");
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void without_a_farm_its_jobs_cannot_be_listed() {
    Launched glimt = Launched.glimt("jobs", "--home", folder.resolve("home").toString());
    assertThat(glimt.exit()).isEqualTo(1);
    assertThat(glimt.err()).contains("glimt up");
  }

  @Test
  void without_a_JDK_one_line_says_how_to_get_one() throws Exception {
    Path shells = Files.createDirectory(folder.resolve("bin"));
    for (String tool : List.of("dirname", "readlink", "sed")) {
      Files.copy(Path.of("/usr/bin", tool), shells.resolve(tool));
    }
    // Copy the launcher, and make it look for JDKs in folders that do not exist.
    Path root = folder.resolve("glimt");
    Files.createDirectories(root.resolve("deploy"));
    Files.createDirectories(root.resolve(".mvn"));
    Files.copy(Path.of("glimt"), root.resolve("deploy/glimt"));
    Files.writeString(
        root.resolve(".mvn/jdk.sh"),
        Files.readString(Path.of("../.mvn/jdk.sh"))
            .replaceAll("(?<= )/(usr|opt|Library)", "/nowhere"));
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", root.resolve("deploy/glimt").toString(), "up");
    builder.environment().clear();
    builder.environment().put("PATH", shells.toString());
    builder.environment().put("HOME", folder.toString());
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    assertThat(said).hasLineCount(1).contains("JDK >= 25").contains("install");
  }
}
