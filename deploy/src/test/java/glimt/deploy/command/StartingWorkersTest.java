package glimt.deploy.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StartingWorkersTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0 | 2 | glimt: workers are starting (0 of 2 ready)
          1 | 2 | glimt: workers are starting (1 of 2 ready)
          1 | 1 | glimt: the worker is ready
          2 | 2 | glimt: all 2 workers are ready
          0 | 0 | glimt: this farm has no workers; jobs wait until a node with workers joins it
          """)
  void a_line_says_how_many_workers_are_ready(int ready, int expected, String line) {
    assertThat(StartingWorkers.text(ready, expected)).isEqualTo(line);
  }
}
