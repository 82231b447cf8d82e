package glimt.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Places at which fault tests make a worker process end as if by kill -9. They have no effect
 * unless the environment variable {@code GLIMT_CRASH_POINTS} names a folder. A file there with the
 * name of a place, such as {@code after-artifact}, arms it. The first process to reach the place
 * deletes the file and ends, so each file ends one process, whatever the number of workers.
 */
public enum CrashPoint {
  /** During a step, whose number from 0 is part of the file name: {@code mid-step-12}. */
  MID_STEP,
  /** A checkpoint's file is durable but not reported yet. */
  AFTER_CHECKPOINT_FILE,
  /** The task's result is durable, but the attempt has not ended yet. */
  AFTER_ARTIFACT,
  /** The attempt has ended, but the worker has not reported it yet. */
  BEFORE_REPORT;

  /** The exit code that a shell reports for a process killed by signal 9. */
  private static final int KILLED = 137;

  private static final @Nullable String FOLDER = System.getenv("GLIMT_CRASH_POINTS");

  /** Ends the process if this place is armed. */
  void reached() {
    dieIf(fileName());
  }

  /** Ends the process if this place is armed for this step. */
  void reached(int step) {
    dieIf(fileName() + "-" + step);
  }

  /**
   * Returns the name of the file that arms it; {@link #MID_STEP} needs the suffix {@code -STEP}.
   */
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
        throw new UncheckedIOException("could not read the crash point " + armed, e);
      }
    }
  }
}
