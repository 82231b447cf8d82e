package glimt.deploy.node;

import java.util.HexFormat;

/**
 * Words of somebody else's on a line of ours. What would end the line, drive the terminal or turn
 * the order of its letters around is written as an escape, so that a line says what it is.
 */
public final class Visible {
  private static final HexFormat HEX = HexFormat.of();

  private Visible() {}

  public static String of(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(line, c));
    return line.toString();
  }

  private static void append(StringBuilder line, int c) {
    switch (c) {
      case '\n' -> line.append("\\n");
      case '\r' -> line.append("\\r");
      case '\t' -> line.append("\\t");
      default -> {
        if (isShown(c)) {
          line.appendCodePoint(c);
        } else {
          line.append("\\u{").append(c < 0x10000 ? HEX.toHexDigits((char) c) : HEX.toHexDigits(c));
          line.append('}');
        }
      }
    }
  }

  private static boolean isShown(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      // Joiners belong to the spelling of words and emoji; the others turn text around or hide it.
      case Character.FORMAT -> c == 0x200C || c == 0x200D;
      default -> true;
    };
  }
}
