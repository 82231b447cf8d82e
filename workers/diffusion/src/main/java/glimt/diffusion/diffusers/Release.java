package glimt.diffusion.diffusers;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A release of diffusers. Few have changed what a configuration means; where one has, a
 * configuration means what it meant to the release that wrote it.
 */
record Release(int major, int minor) {
  private static final Pattern WRITTEN = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})(\\..*)?");

  /** Later than any. */
  private static final Release NEWEST = new Release(Integer.MAX_VALUE, 0);

  /**
   * The release of a configuration.
   *
   * @param version such as {@code 0.33.0.dev0}; the newest where it is none
   */
  static Release of(@Nullable Object version) {
    Matcher written = WRITTEN.matcher(String.valueOf(version));
    return written.matches()
        ? new Release(Integer.parseInt(written.group(1)), Integer.parseInt(written.group(2)))
        : NEWEST;
  }

  /** Whether it came before another. */
  boolean before(int otherMajor, int otherMinor) {
    return major < otherMajor || major == otherMajor && minor < otherMinor;
  }
}
