package glimt.deploy.node;

import java.io.PrintStream;

/**
 * How far a training is: on a terminal one line, written again and again; elsewhere a line each.
 */
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

  /** How far it is; the next such line takes the place of this one. */
  public void now(String line) {
    if (terminal) {
      out.print(CLEAR + line);
      out.flush();
      open = true;
    } else {
      out.println(line);
    }
  }

  /** Something that will stay true. */
  public void done(String line) {
    end();
    out.println(line);
  }

  /** What was last written stays. */
  public void end() {
    if (open) {
      out.println();
      open = false;
    }
  }
}
