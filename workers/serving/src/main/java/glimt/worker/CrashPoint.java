package glimt.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Places at which a fault test has this process die as kill -9 would have it. Inert unless the
 * environment variable {@code GLIMT_CRASH_POINTS} names a folder; a file in it named as the place,
 * such as {@code after-artifact}, arms it. The process that comes there first takes the file away
 * and is gone, so every file costs one life, whatever the number of workers.
 */
public enum CrashPoint {
  /** In the step of that number, counted from 0: {@code mid-step-12}. */
  MID_STEP,
  /** The checkpoint's file is durable, and nobody has heard of it. */
  AFTER_CHECKPOINT_FILE,
  /** What the task made is durable, and the attempt has not ended. */
  AFTER_ARTIFACT,
  /** The attempt has ended, and nobody has heard of it. */
  BEFORE_REPORT;

  /** What a shell says of a process that was killed with -9. */
  private static final int KILLED = 137;

  private static final @Nullable String FOLDER = System.getenv("GLIMT_CRASH_POINTS");

  /** The process is here. */
  void reached() {
    dieIf(fileName());
  }

  /** The process is here, in that step. */
  void reached(int step) {
    dieIf(fileName() + "-" + step);
  }

  /** What the file is called that arms it; for a step, a hyphen and its number follow. */
  public String fileName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static void dieIf(String armed) {
    if (FOLDER != null) {
      try {
        if (Files.deleteIfExists(Path.of(FOLDER, armed))) {
          Runtime.getRuntime().halt(KILLED);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("the crash point " + armed, e);
      }
    }
  }
}
