package glimt.deploy.command;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Shows the progress of a job's levels: on a terminal as a bar for each, redrawn in place;
 * elsewhere as a line at each quarter of a level.
 */
public final class Bars {
  private static final int WIDTH = 32;
  private static final String UP_AND_CLEAR = "\033[A\033[2K";

  private final PrintStream out;
  private final boolean terminal;
  private final Map<String, Double> levels = new LinkedHashMap<>();
  private int drawn;

  Bars(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /**
   * Shows the progress of a level.
   *
   * @param progress 0 to 1; a value below an earlier one is ignored
   */
  void show(String level, double progress) {
    double before = levels.getOrDefault(level, 0.0);
    double now = Math.clamp(progress, before, 1);
    boolean isNew = levels.put(level, now) == null;
    if (terminal) {
      draw();
    } else if (isNew || Math.floor(now * 4) > Math.floor(before * 4)) {
      out.printf(Locale.ROOT, "%s %.0f %%%n", level, now * 100);
    }
  }

  /** Prints a line above the bars. */
  void say(String line) {
    erase();
    out.println(line);
    if (terminal) {
      draw();
    }
  }

  private void draw() {
    erase();
    int longest = levels.keySet().stream().mapToInt(String::length).max().orElse(0);
    levels.forEach(
        (level, progress) -> {
          int done = (int) Math.round(progress * WIDTH);
          out.printf(
              Locale.ROOT,
              "%-" + longest + "s  %s%s %3.0f %%%n",
              level,
              "█".repeat(done),
              "░".repeat(WIDTH - done),
              progress * 100);
        });
    out.flush();
    drawn = levels.size();
  }

  private void erase() {
    out.print(UP_AND_CLEAR.repeat(drawn));
    drawn = 0;
  }
}
