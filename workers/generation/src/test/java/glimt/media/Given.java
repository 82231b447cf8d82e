package glimt.media;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Test data that resembles the models' samples, and access to third-party programs that check the
 * files.
 */
final class Given {

  private Given() {}

  /** One FFmpeg for all tests of this build, so that only the first unpacks it. */
  static Ffmpeg ffmpeg() {
    return Ffmpeg.unpackedIn(Path.of("target", "ffmpeg"));
  }

  /** A video of an orange disc with a red tail that moves right over blue, with smooth edges. */
  static Frames cartoon(int count, int height, int width) {
    byte[] rgb = new byte[3 * count * height * width];
    int at = 0;
    for (int t = 0; t < count; t++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          double[] sum = new double[3];
          for (double v = y + 0.125; v < y + 1; v += 0.25) {
            for (double u = x + 0.125; u < x + 1; u += 0.25) {
              int colour = colour(u / width, v / height, 0.3 + 0.4 * t / count);
              for (int k = 0; k < 3; k++) {
                sum[k] += ((colour >> (16 - 8 * k)) & 0xff) / 16.0;
              }
            }
          }
          for (int k = 0; k < 3; k++) {
            rgb[at++] = (byte) Math.round(sum[k]);
          }
        }
      }
    }
    return new Frames(count, height, width, 12, rgb);
  }

  private static int colour(double x, double y, double middle) {
    if (Math.hypot(x - middle, y - 0.5) < 0.2) {
      boolean eye = Math.hypot(Math.abs(x - middle) - 0.07, y - 0.45) < 0.03;
      return eye ? 0x1E1414 : 0xF0BE28;
    }
    return Math.hypot(x - middle + 0.22, y - 0.45) < 0.08 ? 0xDC3C3C : 0x265AC8;
  }

  /** A cloud of evenly spread points in the shape of a tree: a brown trunk and a green cone. */
  static PointCloud tree(int points) {
    float[] xyz = new float[3 * points];
    byte[] rgb = new byte[3 * points];
    for (int i = 0; i < points; i++) {
      double turn = i * 2.399963229728653; // the golden angle
      boolean trunk = i % 8 == 0;
      double height = (i + 0.5) / points;
      double radius = trunk ? 0.1 : 0.55 * Math.sqrt(height);
      xyz[3 * i] = (float) (radius * Math.cos(turn));
      xyz[3 * i + 1] = (float) (trunk ? -1 + 0.5 * height : 1 - 1.5 * Math.sqrt(height));
      xyz[3 * i + 2] = (float) (radius * Math.sin(turn));
      int colour = trunk ? 0x7A4A21 : 0x2E8B45;
      for (int k = 0; k < 3; k++) {
        rgb[3 * i + k] = (byte) (colour >> (16 - 8 * k));
      }
    }
    return new PointCloud(xyz, rgb);
  }

  /**
   * The path of an installed program. If it is missing, the test is skipped with a message, or
   * fails on a build server.
   */
  static Path program(String name) {
    Optional<Path> found =
        Stream.of(System.getenv("PATH").split(":", -1))
            .map(folder -> Path.of(folder, name))
            .filter(Files::isExecutable)
            .findFirst();
    return found.orElseThrow(() -> missing("there is no " + name + " here"));
  }

  /** Skips the current test, or fails it on a build server. */
  static RuntimeException missing(String why) {
    if (Boolean.parseBoolean(System.getenv("CI"))) {
      throw new AssertionError(why);
    }
    System.out.println("skipped: " + why);
    Assumptions.abort(why);
    throw new IllegalStateException("unreachable");
  }

  /** Runs a program for at most a minute and returns its output. */
  static Said run(Path in, List<String> command) throws IOException, InterruptedException {
    Path said = Files.createTempFile("said", ".txt");
    Process process =
        new ProcessBuilder(command)
            .directory(in.toFile())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      boolean ended = process.waitFor(60, TimeUnit.SECONDS);
      return new Said(ended ? process.exitValue() : -1, Files.readString(said));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      Files.delete(said);
    }
  }

  record Said(int exit, String words) {}

  /** Installs a package of npm into a folder; skips the test where that cannot be done. */
  static void install(Path folder, String packageAndVersion) throws Exception {
    Said installed =
        run(
            folder,
            List.of(
                program("npm").toString(),
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                packageAndVersion));
    if (installed.exit() != 0) {
      throw missing(packageAndVersion + " could not be installed: " + installed.words());
    }
  }
}
