package glimt.safety.filter;

/**
 * How likely a picture is of each class; together 1.
 *
 * @param drawing a harmless drawing
 * @param hentai a pornographic drawing
 * @param neutral a harmless photograph
 * @param porn a pornographic photograph
 * @param sexy a photograph that suggests sex, but shows none
 */
public record SeenClass(float drawing, float hentai, float neutral, float porn, float sexy) {
  static SeenClass of(float[] five) {
    return new SeenClass(five[0], five[1], five[2], five[3], five[4]);
  }

  /** How likely it is pornographic. */
  public float explicit() {
    return hentai + porn;
  }
}
