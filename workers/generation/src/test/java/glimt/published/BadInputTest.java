package glimt.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Bundle;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged, hostile and foreign files: each ends in a line that names it, and leaves nothing. */
class BadInputTest {
  private static final Path PUBLISHED =
      Path.of("src/test/resources/golden-models/stable-diffusion/sd1-pndm");
  private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

  @TempDir Path folder;
  private Path published;
  private Path models;

  @BeforeEach
  void copy() throws IOException {
    published = folder.resolve("sd");
    models = Files.createDirectories(folder.resolve("models"));
    try (Stream<Path> files = Files.walk(PUBLISHED)) {
      for (Path file : files.toList()) {
        Files.copy(file, published.resolve(PUBLISHED.relativize(file).toString()));
      }
    }
  }

  @AfterEach
  void nothing_is_half_imported() {
    assertThat(models).isEmptyDirectory();
  }

  private void refused(String... told) {
    assertThatThrownBy(
            () -> BundleImport.of(published, models, ImportOptions.asPublished()).close())
        .isInstanceOf(BundleException.class)
        .satisfies(error -> assertThat(error.getMessage()).contains(told));
    assertThat(models).isEmptyDirectory();
  }

  @Test
  void a_folder_without_an_index_is_told() throws IOException {
    Files.delete(published.resolve("model_index.json"));
    refused(published.toString(), "has no model_index.json");
    published = Files.createDirectories(folder.resolve("empty"));
    refused(published.toString(), "has no model_index.json", "it holds []");
    published = folder.resolve("nowhere");
    refused(published.toString(), "is no folder");
  }

  @Test
  void a_missing_shard_is_named() throws IOException {
    Path unet = published.resolve("unet");
    Map<String, Tensor> first = new TreeMap<>(Safetensors.map(unet.resolve(WEIGHTS)).tensors());
    Map<String, Tensor> second = new TreeMap<>(first);
    second.keySet().removeIf(name -> name.startsWith("down"));
    first.keySet().removeAll(second.keySet());
    String stem = "diffusion_pytorch_model-0000%s-of-00002.safetensors";
    new Safetensors(first).write(unet.resolve(stem.formatted(1)));
    new Safetensors(second).write(unet.resolve(stem.formatted(2)));
    Files.delete(unet.resolve(WEIGHTS));
    StringBuilder index = new StringBuilder("{\"weight_map\": {");
    first
        .keySet()
        .forEach(name -> index.append("\"%s\": \"%s\",".formatted(name, stem.formatted(1))));
    second
        .keySet()
        .forEach(name -> index.append("\"%s\": \"%s\",".formatted(name, stem.formatted(2))));
    index.setCharAt(index.length() - 1, '}');
    Files.writeString(unet.resolve(WEIGHTS + ".index.json"), index + "}");
    BundleImport.of(published, models, ImportOptions.asPublished()).close();

    Files.delete(unet.resolve(stem.formatted(2)));
    refused(stem.formatted(2) + " is missing");
    Files.copy(unet.resolve(stem.formatted(1)), unet.resolve(stem.formatted(2)));
    refused("contradicts its shards", "but that file does not contain it");
  }

  @Test
  void tensors_of_a_wrong_type_are_named() throws IOException {
    String name = "conv_in.weight";
    Map<String, Tensor> tensors = unet();
    Tensor was = Objects.requireNonNull(tensors.get(name));
    byte[] bytes = new byte[8 * was.size()];
    tensors.put(name, new Tensor(Dtype.I64, was.shape(), MemorySegment.ofArray(bytes)));
    write(tensors);
    refused(WEIGHTS, "tensor conv_in.weight is of type I64");
    header(text -> text.replaceFirst("\"I64\"", "\"F8\""));
    refused(WEIGHTS, "tensor conv_in.weight has dtype \"F8\", which is not one of [F32, F16, BF16");
  }

  @Test
  void values_that_are_no_numbers_are_named() throws IOException {
    for (float value : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      for (Dtype type : List.of(Dtype.F32, Dtype.F16, Dtype.BF16)) {
        Map<String, Tensor> tensors = unet();
        Tensor bias = Objects.requireNonNull(tensors.get("conv_out.bias"));
        float[] values = bias.floats();
        values[values.length - 1] = value;
        tensors.put("conv_out.bias", Tensor.of(values, values.length).as(type));
        write(tensors);
        refused(
            WEIGHTS,
            "tensor conv_out.bias is damaged: value %s of %s is %s"
                .formatted(values.length - 1, values.length, value));
      }
    }
  }

  @Test
  void headers_that_lie_and_files_cut_short_are_told() throws IOException {
    Path file = published.resolve("unet").resolve(WEIGHTS);
    byte[] whole = Files.readAllBytes(file);
    for (int length : new int[] {0, 7, 8, 100, whole.length / 2, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      refused(file.toString());
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 5));
    refused(file.toString(), "5 bytes follow its last tensor");
    byte[] endless = whole.clone();
    endless[7] = 0x7f;
    Files.write(file, endless);
    refused(file.toString(), "header length", "is not possible");
    Files.write(file, whole);
    header(text -> text.replaceFirst("\"data_offsets\":\\s*\\[0", "\"data_offsets\":[4"));
    refused(file.toString(), "data_offsets");
    Files.write(file, whole);
    header(text -> text.replaceFirst("\"shape\":\\s*\\[", "\"shape\":[9223372036854775807,"));
    refused(file.toString(), "impossible shape");
    Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    refused(file.toString());
  }

  @Test
  void tensors_of_another_shape_are_named() throws IOException {
    Map<String, Tensor> tensors = unet();
    Tensor bias = Objects.requireNonNull(tensors.get("conv_in.bias"));
    tensors.put("conv_in.bias", Tensor.of(new float[bias.size() + 1], bias.size() + 1));
    write(tensors);
    refused("conv_in.bias", "[%s]".formatted(bias.size() + 1));
  }

  @Test
  void a_pickle_with_code_is_refused_by_its_name_and_never_run() throws IOException {
    Path harm = folder.resolve("harm");
    Path unet = published.resolve("unet");
    Files.delete(unet.resolve(WEIGHTS));
    Path bin = unet.resolve("diffusion_pytorch_model.bin");
    String code = "cposix\nsystem\n" + TorchFile.text("touch " + harm) + "\u0085R";
    TorchFile.zip(bin, TorchFile.state("conv_in.weight", code), Map.of());
    refused(bin.toString(), "asks Python to run posix.system;");
    TorchFile.legacy(bin, code, "0", 0, new byte[0]);
    refused(bin.toString(), "asks Python to run posix.system;");
    TorchFile.write(bin, TorchFile.bytes("cbuiltins\nexec\n(S'raise'\ntR."));
    refused(bin.toString(), "asks Python to run builtins.exec;");
    assertThat(harm).doesNotExist();
  }

  @Test
  void a_prompt_reader_without_its_vocabulary_is_told() throws IOException {
    Files.delete(published.resolve("tokenizer/merges.txt"));
    refused("tokenizer has no vocabulary: neither vocab.json and merges.txt nor tokenizer.json");
  }

  @Test
  void a_process_that_is_killed_in_the_middle_leaves_nothing_that_counts() throws Exception {
    Process child =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                InterruptedImport.class.getName(),
                published.toString(),
                models.toString())
            .redirectErrorStream(true)
            .start();
    try (InputStream out = child.getInputStream()) {
      StringBuilder said = new StringBuilder();
      for (int c = out.read(); c >= 0 && said.indexOf(InterruptedImport.HERE) < 0; c = out.read()) {
        said.append((char) c);
      }
      assertThat(said).contains(InterruptedImport.HERE);
      child.destroyForcibly().waitFor(); // kill -9
    }
    List<Path> left;
    try (Stream<Path> files = Files.list(models)) {
      left = files.toList();
    }
    // What begins with a dot is in the making, and no farm looks at it.
    assertThat(left).hasSize(1).allMatch(one -> one.getFileName().toString().startsWith("."));
    assertThat(left.getFirst()).isDirectoryNotContaining("glob:**" + Bundle.CARD);
    refusedByName();
  }

  /** The next import, even one that fails, takes away what was left. */
  private void refusedByName() throws IOException {
    Files.writeString(
        published.resolve("scheduler/scheduler_config.json"),
        "{\"_class_name\": \"MagicScheduler\"}");
    refused("MagicScheduler", "the supported classes are", "DDIMScheduler");
  }

  private Map<String, Tensor> unet() {
    return new TreeMap<>(Safetensors.map(PUBLISHED.resolve("unet").resolve(WEIGHTS)).tensors());
  }

  private void write(Map<String, Tensor> tensors) {
    new Safetensors(tensors).write(published.resolve("unet").resolve(WEIGHTS));
  }

  private void header(java.util.function.UnaryOperator<String> change) throws IOException {
    Path file = published.resolve("unet").resolve(WEIGHTS);
    byte[] bytes = Files.readAllBytes(file);
    int length = java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt();
    String text = new String(bytes, 8, length, StandardCharsets.UTF_8);
    String changed = change.apply(text);
    assertThat(changed).isNotEqualTo(text);
    byte[] header = changed.getBytes(StandardCharsets.UTF_8);
    java.nio.ByteBuffer out =
        java.nio.ByteBuffer.allocate(8 + header.length + bytes.length - 8 - length)
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    out.putLong(header.length).put(header).put(bytes, 8 + length, bytes.length - 8 - length);
    Files.write(file, out.array());
  }
}
