package glimt.deploy.node;

import java.util.HexFormat;

/**
 * Makes foreign text, such as a prompt, safe to print within a line: characters that would end the
 * line, control the terminal or reverse the direction of the text are escaped.
 */
public final class Visible {
  private static final HexFormat HEX = HexFormat.of();

  private Visible() {}

  /** The text with such characters as escapes, such as {@code \n}. */
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
      // Joiners are part of words and emoji; other format characters reverse or hide text.
      case Character.FORMAT -> c == 0x200C || c == 0x200D;
      default -> true;
    };
  }
}
