package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import glimt.model.BundleCard;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checks that weights never pass through the heap, using processes whose heap is far smaller than
 * the weights: 64 MB for 200 MB, or 512 MB for 4 GB with {@code -Dglimt.big=true}.
 */
class HeapTest {
  private static final boolean BIG = Boolean.getBoolean("glimt.big");
  private static final int WIDTH = 2048;
  private static final int LAYERS = BIG ? 256 : 12;
  private static final String HEAP = BIG ? "-Xmx512m" : "-Xmx64m";
  private static final String CARD_HEAP = BIG ? "-Xmx128m" : "-Xmx32m";
  private static final long SEED = 7;

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void stop() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void weights_far_larger_than_the_heap_run_and_are_shared_by_two_processes() throws Exception {
    Path weights = write();
    long megabytes = Files.size(weights) >> 20;
    assertThat(megabytes).isGreaterThanOrEqualTo(BIG ? 4096 : 192);

    Map<String, String> card = new HashMap<>();
    Process gateway = start(CARD_HEAP, "card", "card", card);
    assertThat(card).containsEntry("card", "toy");
    System.out.printf(
        "heap: %s reads the card of %s MB of weights in %s MB of its own%n",
        CARD_HEAP, megabytes, HeapProbe.pss(gateway));

    Map<String, String> first = new HashMap<>();
    Process one = start(HEAP, "run", "answer", first);
    long alone = HeapProbe.pss(one);
    long mappedAlone = HeapProbe.pss(one, weights);
    Map<String, String> second = new HashMap<>();
    Process two = start(HEAP, "run", "answer", second);
    long both = HeapProbe.pss(one) + HeapProbe.pss(two);
    long mappedBoth = HeapProbe.pss(one, weights) + HeapProbe.pss(two, weights);
    System.out.printf(
        "heap: %s runs %s MB of weights (%s); PSS of one %s MB, of two %s MB; of the map %s and %s"
            + " MB%n",
        HEAP, megabytes, first, alone, both, mappedAlone, mappedBoth);

    assertThat(second.get("answer")).isEqualTo(first.get("answer"));
    assertThat(mappedAlone).isGreaterThanOrEqualTo(megabytes - 1);
    assertThat(mappedBoth).isLessThan(mappedAlone * 6 / 5);
    if (BIG) {
      assertThat(both).isLessThan(alone * 6 / 5);
    }
  }

  /**
   * Writes a chain of layers whose random weights are scaled so that the values keep their
   * magnitude.
   */
  private Path write() throws IOException {
    StringBuilder source = new StringBuilder("class Network(Module):\n  precision : int\n");
    for (int i = 0; i < LAYERS; i++) {
      source.append("  w%s : Tensor\n".formatted(i));
    }
    source.append("\n  def forward(self, x: Tensor, noise: Tensor, words: Tensor) -> Tensor:\n");
    source.append("    z = torch.repeat(torch.flatten(x, 1), [1, %s])\n".formatted(WIDTH));
    source.append("    z = torch.narrow(z, 1, 0, %s)\n".formatted(WIDTH));
    for (int i = 0; i < LAYERS; i++) {
      source.append(
          "    z = torch.layer_norm(torch.matmul(z, self.w%s), [%s])\n".formatted(i, WIDTH));
    }
    source.append("    return torch.reshape(torch.narrow(z, 1, 0, 6), [1, 3, 2])\n");

    ToyBundle.write(folder);
    Files.writeString(folder.resolve("net.py"), source);
    Path file = folder.resolve("net.safetensors");
    MemorySegment values = random();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < LAYERS; i++) {
      tensors.put("w" + i, new Tensor(Dtype.F32, List.of((long) WIDTH, (long) WIDTH), values));
    }
    new Safetensors(tensors).write(file);
    BundleCard card = Bundle.card(folder);
    Map<String, String> files =
        Map.of(
            "net.py", FileDigest.of(folder.resolve("net.py")),
            "net.safetensors", FileDigest.of(file));
    Bundle.write(folder, card.with(files, card.notes()));
    return file;
  }

  private static MemorySegment random() {
    SplittableRandom random = new SplittableRandom(SEED);
    MemorySegment values = Arena.ofAuto().allocate(4L * WIDTH * WIDTH, 64);
    for (int i = 0; i < WIDTH * WIDTH; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return values;
  }

  /** Starts a process and reads its output up to a line with this name. */
  private Process start(String heap, String mode, String last, Map<String, String> said)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(heap);
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dai.djl.offline=true",
            "-Dai.djl.pytorch.num_threads=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(HeapProbe.class.getName(), mode, folder.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    started.add(process);
    BufferedReader lines = process.inputReader();
    List<String> all = new ArrayList<>();
    while (!said.containsKey(last)) {
      String line = lines.readLine();
      assertThat(line).as("what %s said: %s", mode, String.join("\n", all)).isNotNull();
      all.add(line);
      String[] words = line.split(" ", 2);
      if (words.length == 2) {
        said.put(words[0], words[1]);
      }
    }
    said.keySet().retainAll(List.of("card", "opened", "loaded", "forward", "answer"));
    return process;
  }
}
