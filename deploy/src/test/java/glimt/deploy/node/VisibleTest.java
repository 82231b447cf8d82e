package glimt.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class VisibleTest {
  @Test
  void what_would_forge_a_line_or_turn_it_around_is_shown() {
    assertThat(Visible.of("one\ntwo\r\tthree")).isEqualTo("one\\ntwo\\r\\tthree");
    assertThat(Visible.of("red \033[31m")).isEqualTo("red \\u{001b}[31m");
    assertThat(Visible.of("tree \u202egnp.exe")).isEqualTo("tree \\u{202e}gnp.exe");
    assertThat(Visible.of("a\u2028b\u0085c\ufeffd")).isEqualTo("a\\u{2028}b\\u{0085}c\\u{feff}d");
  }

  @Test
  void words_of_any_language_stay_as_they_are() {
    // A joiner makes one emoji of two, a non-joiner is Persian spelling.
    for (String words : new String[] {"a whale", "snø, 雪", "👩\u200d🚀", "می\u200cروم"}) {
      assertThat(Visible.of(words)).isEqualTo(words);
    }
  }

  @Test
  void an_event_is_one_line_of_the_log_and_its_exception_is_indented(@TempDir Path folder)
      throws Exception {
    Path log = folder.resolve("100% of %i.log");
    String forged = "\n2026-01-01T00:00:00.000Z INFO  all is well";
    try {
      Logs.to(log);
      LoggerFactory.getLogger(VisibleTest.class)
          .warn("prompt {}", "x" + forged, new IllegalStateException("y" + forged));
    } finally {
      Logs.to(folder.resolve("other.log"));
    }
    assertThat(Files.readAllLines(log))
        .filteredOn(line -> !line.startsWith("\t"))
        .singleElement()
        .asString()
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z WARN  .*")
        .contains("prompt x\\n2026-01-01");
  }
}
