package glimt.deploy.node;

import java.io.PrintStream;

/** Shows progress: on a terminal in one line that is overwritten, elsewhere in a line each time. */
public final class OneLine {
  private static final String CLEAR = "\r\033[2K";

  private final PrintStream out;
  private final boolean terminal;
  private boolean open;

  /**
   * @param terminal whether {@code out} is a terminal
   */
  public OneLine(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** Shows a line that the next one overwrites on a terminal. */
  public void now(String line) {
    if (terminal) {
      out.print(CLEAR + line);
      out.flush();
      open = true;
    } else {
      out.println(line);
    }
  }

  /** Prints a line that stays. */
  public void done(String line) {
    end();
    out.println(line);
  }

  /** Keeps the line that was shown last. */
  public void end() {
    if (open) {
      out.println();
      open = false;
    }
  }
}
