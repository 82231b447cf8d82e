package glimt.deploy.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What a process holds in memory, in bytes, as Linux counts it (proc(5), status).
 *
 * @param peak the most that was resident at a time, since the process began
 * @param anonymous what is resident now and has no file: heaps, tensors, copies of weights
 * @param mapped what is resident now of mapped files, such as weights, and can be read again
 */
public record ProcessMemory(long peak, long anonymous, long mapped) {
  static final ProcessMemory NONE = new ProcessMemory(0, 0, 0);

  /** Of a process; nothing if it has ended. */
  public static ProcessMemory of(long pid) {
    Map<String, Long> lines = lines(Path.of("/proc", Long.toString(pid), "status"));
    return new ProcessMemory(
        lines.getOrDefault("VmHWM", 0L),
        lines.getOrDefault("RssAnon", 0L),
        lines.getOrDefault("RssFile", 0L));
  }

  /** What programs may still take before the machine has to swap. */
  static long available() {
    return lines(Path.of("/proc/meminfo")).getOrDefault("MemAvailable", Long.MAX_VALUE);
  }

  /** The most of both. */
  ProcessMemory or(ProcessMemory other) {
    return new ProcessMemory(
        Math.max(peak, other.peak),
        Math.max(anonymous, other.anonymous),
        Math.max(mapped, other.mapped));
  }

  private static Map<String, Long> lines(Path file) {
    Map<String, Long> lines = new HashMap<>();
    try {
      for (String line : Files.readAllLines(file)) {
        if (line.endsWith(" kB")) {
          int colon = line.indexOf(':');
          String number = line.substring(colon + 1, line.length() - 3).strip();
          lines.put(line.substring(0, colon), 1024 * Long.parseLong(number));
        }
      }
    } catch (IOException e) {
      // The process has just ended.
    }
    return lines;
  }
}
