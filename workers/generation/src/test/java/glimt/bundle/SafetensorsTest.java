package glimt.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void what_is_written_is_read_back() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b", Tensor.of(new float[] {1, -2, 3.5f, 0, 5, 6}, 2, 3));
    tensors.put("a", Tensor.of(new long[] {1L << 40, -1}, 2));
    Path file = folder.resolve("x.safetensors");
    new Safetensors(tensors, Map.of("step", "7")).write(file);

    Safetensors back = Safetensors.read(file);

    assertThat(back.tensors().keySet()).containsExactly("b", "a");
    assertThat(back.get("b").shape()).isEqualTo(List.of(2L, 3L));
    assertThat(back.get("b").floats()).containsExactly(1, -2, 3.5f, 0, 5, 6);
    assertThat(back.get("a").longs()).containsExactly(1L << 40, -1);
    assertThat(back.metadata()).containsEntry("step", "7");
    assertThat(folder).isDirectoryNotContaining("glob:**.part");
  }

  @Test
  void a_mapped_file_holds_what_a_read_one_holds() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b", Tensor.of(new float[] {1, -2, 3.5f, 0, 5, 6}, 2, 3));
    tensors.put("none", Tensor.of(new float[0], 0));
    tensors.put("a", Tensor.of(new long[] {1L << 40, -1}, 2));
    Path file = folder.resolve("x.safetensors");
    Safetensors written = new Safetensors(tensors, Map.of("step", "7"));
    written.write(file);

    Safetensors mapped = Safetensors.map(file);

    assertThat(mapped).isEqualTo(Safetensors.read(file)).isEqualTo(written);
    assertThat(mapped.get("a").values().isMapped()).isTrue();
    assertThat(mapped.get("b").floats()).containsExactly(1, -2, 3.5f, 0, 5, 6);
  }

  @Test
  void what_is_mapped_cannot_be_written_to() {
    Path file = folder.resolve("x.safetensors");
    new Safetensors(Map.of("a", Tensor.of(new float[] {1}, 1))).write(file);

    assertThat(Safetensors.map(file).get("a").values().isReadOnly()).isTrue();
    assertThatThrownBy(() -> Safetensors.map(folder.resolve("y.safetensors")))
        .hasMessageContaining("y.safetensors is missing");
  }

  @Test
  void bfloat16_rounds_to_nearest_and_ties_to_even() {
    float tie = Float.intBitsToFloat(0x3f808000); // halfway between 1 and the next bfloat16
    float above = Float.intBitsToFloat(0x3f818000); // halfway, and the lower neighbour is odd
    Tensor rounded = Tensor.of(new float[] {1, tie, above, -3.14159f, Float.NaN}, 5).as(Dtype.BF16);

    assertThat(rounded.values().byteSize()).isEqualTo(10);
    assertThat(rounded.floats())
        .containsExactly(1, 1, Float.intBitsToFloat(0x3f820000), -3.140625f, Float.NaN);
  }

  @Test
  void half_precision_is_read() {
    byte[] file =
        file(
            "{\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}",
            new byte[] {0, 0x3c, 0, (byte) 0xc0});

    assertThat(Safetensors.parse("h", file).get("h").floats()).containsExactly(1, -2);
  }

  @Test
  void quantised_values_are_written_and_read() {
    Path file = folder.resolve("q.safetensors");
    Tensor quantised = Tensor.of(new byte[] {-128, 0, 127}, 3);
    new Safetensors(Map.of("q", quantised)).write(file);

    assertThat(Safetensors.map(file).get("q")).isEqualTo(quantised);
    assertThat(Safetensors.read(file).get("q").floats()).containsExactly(-128, 0, 127);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}} | needs 12 bytes, but its data_offsets span 8
          {"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}} | holds only 8 bytes
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | 4 bytes follow
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | overlap or leave a gap
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | overlap
          {"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}} | dtype "F64"
          {"a":{"shape":[2],"data_offsets":[0,8]}} | dtype
          {"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}} | invalid shape [-2]
          {"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}} | invalid shape [1.5]
          {"a":{"dtype":"F32","data_offsets":[0,8]}} | no shape
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}} | data_offsets
          {"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}} | impossible shape
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | Duplicate
          ["a"] | not a JSON object
          {"a": | not valid JSON
          """)
  void a_file_that_lies_is_refused_with_the_reason(String header, String reason) {
    assertThatThrownBy(() -> Safetensors.parse("evil.safetensors", file(header, new byte[8])))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("evil.safetensors")
        .hasMessageContaining(reason);
  }

  @Test
  void a_file_cut_anywhere_is_refused() throws Exception {
    Path file = folder.resolve("x.safetensors");
    new Safetensors(Map.of("a", Tensor.of(new float[] {1, 2, 3}, 3))).write(file);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> Safetensors.parse("cut", cut)).isInstanceOf(BundleException.class);
      Files.write(file, cut);
      assertThatThrownBy(() -> Safetensors.map(file))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("x.safetensors");
    }
  }

  @Test
  void a_header_length_beyond_the_file_is_refused() {
    byte[] bytes =
        ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Long.MAX_VALUE).array();

    assertThatThrownBy(() -> Safetensors.parse("long", bytes))
        .hasMessageContaining("header length 9223372036854775807");
  }

  @Test
  void a_file_that_cannot_be_written_leaves_nothing_behind() {
    Path nowhere = folder.resolve("missing").resolve("x.safetensors");

    assertThatThrownBy(() -> new Safetensors(Map.of()).write(nowhere))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("cannot write");
    assertThat(folder).isEmptyDirectory();
  }

  private static byte[] file(String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  @Test
  void a_file_begins_alike_when_its_values_are_written_part_by_part() {
    float[] values = {1, -2, 3, 0.5f, 7, -0.25f};
    byte[] whole = new Safetensors(Map.of("sample", Tensor.of(values, 2, 3))).bytes();
    assertThat(whole).startsWith(Safetensors.start("sample", 2, 3));
    assertThat(Safetensors.start("sample", 2, 3)).hasSize(whole.length - 4 * values.length);
  }
}
