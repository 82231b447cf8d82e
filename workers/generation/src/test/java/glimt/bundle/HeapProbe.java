package glimt.bundle;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A process with a small heap that uses a bundle with large weights: {@code card FOLDER} reads only
 * its card, {@code run FOLDER} evaluates its network and waits until standard input ends. It prints
 * its measurements as lines of a name and a value.
 */
final class HeapProbe {
  private HeapProbe() {}

  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[1]);
    if (args[0].equals("card")) {
      say("card", Bundle.of(folder).card().name());
    } else {
      run(folder);
    }
    System.in.read();
  }

  private static void run(Path folder) {
    long began = System.nanoTime();
    Bundle bundle = Bundle.open(folder);
    say("opened", seconds(began));
    began = System.nanoTime();
    Network network = bundle.network("base", Precision.FLOAT32);
    say("loaded", seconds(began));
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      began = System.nanoTime();
      NDArray x = scope.arange(0, 6, 1).toType(DataType.FLOAT32, false);
      NDArray words = scope.create(new long[4], new Shape(1, 4));
      float[] answer =
          network
              .forward(
                  x.reshape(1, 3, 2), scope.ones(new Shape(1)), Network.conditioning(words, null))
              .toFloatArray();
      ByteBuffer bytes = ByteBuffer.allocate(4 * answer.length);
      bytes.asFloatBuffer().put(answer);
      say("forward", seconds(began));
      say("answer", Bundle.sha256(bytes.array()));
    }
  }

  private static String seconds(long since) {
    return String.format(Locale.ROOT, "%.2f s", (System.nanoTime() - since) / 1e9);
  }

  private static void say(String name, String value) {
    System.out.println(name + " " + value);
  }

  /** The proportional set size of this process in MB, in which shared pages count in part. */
  static long pss(Process process) throws IOException {
    return megabytes(Files.readAllLines(proc(process, "smaps_rollup")));
  }

  /** The proportional set size of the mapping of one file in MB. */
  static long pss(Process process, Path file) throws IOException {
    List<String> lines = Files.readAllLines(proc(process, "smaps"));
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).endsWith(" " + file)) {
        return megabytes(lines.subList(i, lines.size()));
      }
    }
    return 0;
  }

  private static Path proc(Process process, String file) {
    return Path.of("/proc", Long.toString(process.pid()), file);
  }

  private static long megabytes(List<String> lines) {
    return lines.stream()
        .filter(line -> line.startsWith("Pss:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
        .findFirst()
        .orElseThrow();
  }
}
