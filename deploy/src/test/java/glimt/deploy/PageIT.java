package glimt.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.outside.Outside;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uses the page of a real farm in Chromium, as a visitor does. */
class PageIT {
  @Test
  void a_visitor_makes_watches_compares_and_verifies(@TempDir Path folder) throws Exception {
    String chromium = Outside.program("chromium").toString();
    Outside.npm(folder, "playwright-core@1.65.1 axe-core@4.14.1", "studio.mjs");
    Path home = folder.resolve("home");
    try (Launched farm = Launched.up(home, "--workers", "1")) {
      Outside.script(
          folder, System.out::println, "studio.mjs", chromium, farm.client().farm() + "/");
    }
    assertThat(Launched.processesOf(home)).isEmpty();
  }
}
