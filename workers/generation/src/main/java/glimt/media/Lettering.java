package glimt.media;

import java.util.Locale;

/**
 * Draws labels in capitals of three by five pixels. A built-in font is needed because servers often
 * have no fonts installed, and because a label must have the same pixels on every machine.
 */
final class Lettering {

  static final int WIDTH = 4;
  static final int HEIGHT = 6;

  /**
   * Each entry is a character and its five rows from the top; each row is three pixels as an octal
   * digit.
   */
  private static final String GLYPHS =
      "A25755 B65656 C34443 D65556 E74647 F74644 G34553 H55755 I72227 J11152 K55655 L44447 M57755"
          + " N65555 O25552 P65644 Q25563 R65655 S34216 T72222 U55557 V55552 W55775 X55255 Y55222"
          + " Z71247 075557 126227 261247 361216 455711 574616 634757 771122 875757 975716 .00002"
          + " ,00024 :02020 -00700 _00007 +02720 =07070 /11244 %51245 (12221 )42224 '22000 #57575"
          + " !22202 *05250 <12421 >42124 |22222 ?61202";

  private Lettering() {}

  /**
   * Draws {@code text} in black into {@code picture}, as far as it fits, with its upper left corner
   * at (left, top).
   *
   * @param size the side in pixels of one dot of the font
   */
  static void write(Picture picture, String text, int left, int top, int size) {
    String capitals = text.toUpperCase(Locale.ROOT);
    int fits = Math.min(capitals.length(), (picture.width() - left) / (WIDTH * size));
    for (int i = 0; i < fits; i++) {
      if (capitals.charAt(i) != ' ') {
        glyph(picture, capitals.charAt(i), left + i * WIDTH * size, top, size);
      }
    }
  }

  private static void glyph(Picture picture, char character, int left, int top, int size) {
    int at = GLYPHS.indexOf(character);
    while (at > 0 && GLYPHS.charAt(at - 1) != ' ') {
      at = GLYPHS.indexOf(character, at + 1); // the match was a row of another glyph
    }
    String rows = at < 0 ? "77777" : GLYPHS.substring(at + 1, at + 6);
    for (int y = 0; y < 5 * size; y++) {
      for (int x = 0; x < 3 * size; x++) {
        int row = rows.charAt(y / size) - '0';
        if ((row & (4 >> (x / size))) != 0) {
          int pixel = 3 * ((top + y) * picture.width() + left + x);
          picture.rgb()[pixel] = 0;
          picture.rgb()[pixel + 1] = 0;
          picture.rgb()[pixel + 2] = 0;
        }
      }
    }
  }
}
