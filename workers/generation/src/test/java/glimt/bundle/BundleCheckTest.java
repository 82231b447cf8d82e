package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Safetensors.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BundleCheckTest {
  private static final List<String> SAMPLERS = List.of("euler", "heun");
  private static final String WEIGHTS = "net.safetensors";

  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    ToyBundle.write(folder);
  }

  @Test
  void a_bundle_whose_parts_fit_is_opened() {
    assertThat(BundleCheck.open(folder, SAMPLERS).card().name()).isEqualTo("toy");
  }

  @Test
  void the_bundles_that_come_with_glimt_fit() {
    for (String name : List.of("clips", "objects", "pictures", "tiles")) {
      Path bundle = Path.of("../models", name);
      List<String> samplers =
          Bundle.card(bundle).levels().stream().map(level -> level.sampling().sampler()).toList();
      List<String> fast =
          Bundle.card(bundle).levels().stream()
              .flatMap(level -> java.util.stream.Stream.ofNullable(level.fast()))
              .map(way -> way.sampling().sampler())
              .toList();
      assertThat(
              BundleCheck.open(
                      bundle,
                      java.util.stream.Stream.concat(samplers.stream(), fast.stream()).toList())
                  .card()
                  .name())
          .isEqualTo(name);
    }
  }

  @Test
  void weights_that_are_not_those_of_the_source_are_named() throws IOException {
    weights(Map.of());
    refused(WEIGHTS, "the tensor inner.w, which the source declares, is missing");
    weights(Map.of("inner.w", Tensor.of(new float[4], 2, 2), "more", Tensor.of(new float[1], 1)));
    refused(WEIGHTS, "tensors that the source does not declare: [more]");
    weights(Map.of("inner.w", Tensor.of(new float[6], 2, 3)));
    refused(WEIGHTS, "tensor inner.w has the shape [2, 3], but its source declares [2, 2]");
    weights(Map.of("inner.w", Tensor.of(new float[4], 4)));
    refused(WEIGHTS, "tensor inner.w has the shape [4], but its source declares [2, 2]");
  }

  @Test
  void a_size_has_one_value_within_a_module() throws IOException {
    pin("net.py", ToyBundle.SOURCE.replace("# [2, 2] normal 1", "# [m, m] normal 1"));
    BundleCheck.open(folder, SAMPLERS);
    weights(Map.of("inner.w", Tensor.of(new float[6], 2, 3)));
    refused(WEIGHTS, "tensor inner.w has the shape [2, 3]", "[m, m] with {m=2}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"euler\" | \"oiler\" | level base has the sampler oiler, which is not one of [euler,"
            + " heun]",
        "\"name\" : \"points\" | \"name\" : \"pints\" | level base has the axes [pints], but the"
            + " kind POINTS has [points]",
        "\"name\" : \"toy\" | \"name\" : \"t\\u0000y\" | use up to 100 letters",
        "\"scale\" : [ 1.0 | \"scale\" : [ 1e999 | scale.0 must be a finite number",
        "\"sigmaMax\" : 10.0 | \"sigmaMax\" : 1e999 | sigmaMax must be a finite number",
        "\"sigmaData\" : 1.0 | \"sigmaData\" : 1e999 | sigmaData must be a finite number"
      })
  void a_card_that_no_worker_can_follow_is_refused(String from, String to, String why)
      throws IOException {
    Path card = folder.resolve(Bundle.CARD);
    String text = Files.readString(card);
    assertThat(text).contains(from);
    Files.writeString(card, text.replace(from, to));
    refused(Bundle.CARD, why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "version https://git-lfs.github.com/spec/v1\\n"
            + "oid sha256:1 | Git LFS pointer: run git lfs pull",
        "<!DOCTYPE html><html>Sign in</html> | is an HTML page",
        "PK\\003\\004archive | convert it to safetensors"
      })
  void what_often_comes_in_place_of_weights_is_told_with_the_way_out(String text, String cause)
      throws IOException {
    Files.writeString(folder.resolve(WEIGHTS), text.translateEscapes());
    refused(WEIGHTS + " has SHA-256", cause);
    pin(WEIGHTS, text.translateEscapes());
    refused(WEIGHTS + " is not a valid safetensors file", cause);
  }

  @Test
  void line_ends_and_marks_of_another_system_do_no_harm_but_for_the_digest() throws IOException {
    String windows = "\uFEFF" + ToyBundle.SOURCE.replace("\n", "\r\n");
    Files.writeString(folder.resolve("net.py"), windows);
    refused("net.py has SHA-256", "CR LF", "core.autocrlf=false");
    pin("net.py", windows);
    try (Network network = BundleCheck.open(folder, SAMPLERS).network("base", Precision.FLOAT32)) {
      assertThat(network).isNotNull();
    }
  }

  @Test
  void safetensors_that_begin_like_a_pickle_are_none(@TempDir Path other) throws IOException {
    byte[] header = " ".repeat(640 - 2).concat("{}").getBytes(StandardCharsets.ISO_8859_1);
    header[0] = '{';
    Path file = other.resolve(WEIGHTS);
    ByteBuffer short640 =
        ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN).putLong(640);
    Files.write(file, short640.put(header).array());
    assertThat(LikelyCause.in(other)).isEmpty();
    Files.write(file, new byte[] {(byte) 0x80, 2, '}', 'q', 0});
    assertThat(LikelyCause.in(other)).hasValueSatisfying(it -> assertThat(it).contains("pickle"));
  }

  private void weights(Map<String, Tensor> tensors) throws IOException {
    pin(WEIGHTS, new Safetensors(new LinkedHashMap<>(tensors)).bytes());
  }

  private void pin(String name, String text) throws IOException {
    pin(name, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Replaces a file and updates its digest in the card. */
  private void pin(String name, byte[] bytes) throws IOException {
    Path card = folder.resolve(Bundle.CARD);
    String old = Bundle.card(folder).files().get(name);
    Files.write(folder.resolve(name), bytes);
    Files.writeString(card, Files.readString(card).replace(old, Bundle.sha256(bytes)));
  }

  private void refused(String... reasons) {
    assertThatThrownBy(() -> BundleCheck.open(folder, SAMPLERS))
        .isInstanceOf(BundleException.class)
        .hasMessageContainingAll(reasons);
  }
}
