package glimt;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks which files a clone contains, and what they must not contain. */
class RepositoryTest {
  private static final Set<String> TOP_LEVEL =
      Set.of(
          "pom.xml",
          "README.md",
          "LICENSE",
          "mvnw",
          "storage",
          "coordinator",
          "workers",
          "api-gateway",
          "deploy");

  /** Written in pieces, so that this file does not contain them itself. */
  private static final Pattern ELSEWHERE =
      Pattern.compile(
          String.join(
              "|",
              "\\.\\./" + "shared\\b",
              "(?<![\\w.])/" + "work/\\w",
              "/" + "home/\\w",
              "/" + "Users/\\w",
              "/" + "root/\\w",
              "https?://[\\w.-]*(repo1?\\.maven|registry\\.|artifactory|nexus|pypi\\.)[\\w.]*"));

  @Test
  void the_top_level_holds_the_rooms_and_little_else() {
    Set<String> found = new TreeSet<>();
    for (String file : Repository.files()) {
      String top = file.replaceAll("/.*", "");
      if (!top.startsWith(".")) {
        found.add(top);
      }
    }
    assertThat(found).isSubsetOf(TOP_LEVEL).contains("pom.xml", "mvnw", "LICENSE");
  }

  @Test
  void no_file_names_a_machine_or_a_registry() {
    List<String> breaches =
        Repository.files().stream()
            .filter(
                file ->
                    file.matches(
                        ".*\\.(java|md|xml|sh|py|json|ya?ml|html|js|css|sql|flags)|.*/(mvnw|glimt|run)|mvnw"))
            .filter(file -> !file.startsWith(".mvn/wrapper/"))
            .flatMap(
                file ->
                    ELSEWHERE
                        .matcher(Repository.text(file))
                        .results()
                        .map(match -> file + ": " + match.group()))
            .toList();
    assertThat(breaches).isEmpty();
  }

  @Test
  void the_scripts_can_be_run() {
    for (String script : List.of("mvnw", "deploy/glimt", ".ci/run")) {
      assertThat(Files.isExecutable(Repository.ROOT.resolve(script))).as(script).isTrue();
    }
  }
}
